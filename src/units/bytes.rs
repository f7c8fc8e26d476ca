//! Sizes in bytes and bandwidth in bits a second.

use super::Span;
use std::fmt;

/// A size in bytes. KB and MB are decimal (1000), KiB and MiB binary (1024).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// Bits a second; zero means "infinitely fast" (a transfer takes no time).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Bandwidth(pub f64);

impl ByteSize {
    /// Bytes as a plain number.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{} KB", trim(bytes / 1e3)),
            1_000_000..1_000_000_000 => write!(f, "{} MB", trim(bytes / 1e6)),
            _ => write!(f, "{} GB", trim(bytes / 1e9)),
        }
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

impl Bandwidth {
    /// No limit: bodies arrive at once.
    pub const UNLIMITED: Bandwidth = Bandwidth(0.0);

    /// Whether it is a limit at all: neither zero nor infinite.
    #[inline]
    pub fn is_limited(self) -> bool {
        self.0 > 0.0 && self.0 < f64::INFINITY
    }

    /// How long `bytes` take at this bandwidth.
    #[inline]
    pub fn transfer_time(self, bytes: u64) -> Span {
        if self.is_limited() { Span::from_seconds(bytes as f64 * 8.0 / self.0) } else { Span::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_takes_bytes_times_eight_over_bandwidth() {
        assert_eq!(Bandwidth(20e6).transfer_time(2_500_000), Span::from_secs(1));
        assert_eq!(Bandwidth::UNLIMITED.transfer_time(u64::MAX), Span::ZERO);
        assert_eq!(Bandwidth(f64::INFINITY).transfer_time(u64::MAX), Span::ZERO);
    }

    #[test]
    fn sizes_are_written_in_decimal_units() {
        assert_eq!(ByteSize(18_000).to_string(), "18 KB");
        assert_eq!(ByteSize(36_500_000).to_string(), "36.5 MB");
        assert_eq!(ByteSize(12).to_string(), "12 B");
    }
}
