//! Episodes: trouble that comes in spells, not evenly.
//!
//! Life: calm for an exponential time of mean `every` -> a spell of exponential length of mean `last` ->
//! calm ... The spells depend on the seed alone, so every setting of the sender meets the same ones.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `episodes` | none | assumed: deferrals and slowness are seen in clusters |
//!
//! Left out: spells that follow the load.

use crate::engine::Stream;
use crate::model::params::Episodes;
use crate::units::{SimTime, Span};

/// Where in the sequence of spells the receiver is.
#[derive(Clone, Debug)]
pub struct Spells {
    stream: Stream,
    drawn: u64,
    /// The current or next spell.
    spell: Option<(SimTime, SimTime)>,
    /// The one before: transactions that begin a little later are asked about before others.
    last: Option<(SimTime, SimTime)>,
}

impl Spells {
    /// Before the first spell.
    pub fn new(stream: Stream) -> Self {
        Spells { stream, drawn: 0, spell: None, last: None }
    }

    /// Whether `now` lies in a spell. Instants are asked for in (nearly) ascending order.
    pub fn holds(&mut self, episodes: &Episodes, now: SimTime) -> bool {
        if episodes.last.is_zero() {
            return false;
        }
        loop {
            let (start, end) = match self.spell {
                Some(spell) => spell,
                None => *self.spell.insert(Self::draw(&self.stream, 0, SimTime::ZERO, episodes)),
            };
            // At the end of time there is no later spell to draw.
            if now < end || end == SimTime::MAX {
                let before = self.last.is_some_and(|(start, end)| now >= start && now < end);
                return now >= start || before;
            }
            self.last = self.spell;
            self.drawn += 1;
            self.spell = Some(Self::draw(&self.stream, self.drawn, end, episodes));
        }
    }

    fn draw(stream: &Stream, number: u64, after: SimTime, of: &Episodes) -> (SimTime, SimTime) {
        let exponential =
            |part, mean: Span| mean.scale(-libm::log(stream.at_part(number, part).uniform()));
        let start = after + exponential(0, of.every);
        // At least a nanosecond, so that the sequence of spells always gets on.
        (start, start + exponential(1, of.last) + Span::from_nanos(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_time_in_spells_is_last_over_every_plus_last() {
        let (every, last) = (Span::from_mins(60), Span::from_mins(20));
        let episodes = Episodes { every, last, slower: 1.0, deferrals: Vec::new() };
        let mut spells = Spells::new(Stream::new(4, 0, "spells"));
        let minutes = 2_000_000;
        let inside = (0..minutes)
            .filter(|minute| spells.holds(&episodes, SimTime::ZERO + Span::from_mins(*minute)))
            .count();
        let share = inside as f64 / minutes as f64;
        // About 25,000 cycles; the standard error of the share is near 0.0017.
        assert!((share - 0.25).abs() < 0.009, "{share}");
    }

    #[test]
    fn the_end_of_time_lies_in_a_spell_or_not_but_is_reached() {
        let (every, last) = (Span::MAX, Span::MAX);
        let episodes = Episodes { every, last, slower: 1.0, deferrals: Vec::new() };
        let mut spells = Spells::new(Stream::new(4, 0, "spells"));
        assert!(spells.holds(&episodes, SimTime::MAX));
    }

    #[test]
    fn episodes_of_no_length_never_hold() {
        let (every, last) = (Span::ZERO, Span::ZERO);
        let episodes = Episodes { every, last, slower: 1.0, deferrals: Vec::new() };
        let mut spells = Spells::new(Stream::new(4, 0, "spells"));
        assert!(!spells.holds(&episodes, SimTime::MAX));
    }
}
