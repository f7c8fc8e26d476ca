//! The 20-minute lifetime: when the receiver ends a connection.
//!
//! The clock starts at the opening and runs whether the connection is busy or not. MODEL.md 7.2.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `connection_lifetime` | 20 min | Microsoft 2020-10-22 |
//! | `lifetime_jitter` | uniform 0-60 s | seen: cut at 20:55 (Haraka issue 2321) |
//!
//! Left out: an end that depends on what the connection carried; none is documented.

use crate::units::{SimTime, Span};

/// When a connection opened at `opened_at` is cut; `uniform` in (0, 1) places it within the jitter.
pub fn cut_at(
    opened_at: SimTime,
    lifetime: Option<Span>,
    jitter: Span,
    uniform: impl FnOnce() -> f64,
) -> SimTime {
    match lifetime {
        None => SimTime::MAX,
        Some(lifetime) if jitter.is_zero() => opened_at + lifetime,
        Some(lifetime) => opened_at + lifetime + jitter.scale(uniform()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_cut_after_its_lifetime_and_some_of_the_jitter() {
        let opened = SimTime::ZERO + Span::from_secs(100);
        let minutes = |m| Span::from_mins(m);
        assert_eq!(cut_at(opened, None, minutes(1), || 0.5), SimTime::MAX);
        assert_eq!(cut_at(opened, Some(minutes(20)), Span::ZERO, || 0.5), opened + minutes(20));
        let jittered = cut_at(opened, Some(minutes(20)), minutes(1), || 0.5);
        assert_eq!(jittered, opened + minutes(20) + Span::from_secs(30));
    }
}
