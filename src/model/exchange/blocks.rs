//! Service times whose mean is known: drawn in blocks, each scaled to the mean of its distribution.
//!
//! A recording states its mean time per message over so many consecutive messages of an open connection.
//! That number holds the chance of the very service times it was measured from; drawing them with a free
//! mean again would let the same chance in twice, and the model would claim to know less than it was told.
//! Within a block the draws vary as ever; at its end the time passed is what was stated.
//!
//! How far the stated number holds for the simulated messages is not known either: in every second
//! replication, by chance, the draws keep their free mean. \[ASM\]
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `service_block` | none | only recorded cases have one: `scenario::recorded_case` |
//!
//! Left out: the first message on a connection, which no recording counts in; it is drawn freely.

use crate::engine::Stream;
use crate::model::distribution::Shape;

/// Share of replications whose draws keep their free mean.
const FREE_SHARE: f64 = 0.5;

/// Where the sequence of blocks stands.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    stream: Stream,
    drawn: u64,
    /// Whether this replication keeps to the mean.
    pinned: bool,
    scale: f64,
}

impl Blocks {
    /// Nothing is drawn yet.
    pub fn new(stream: Stream) -> Self {
        // No block is ever numbered so.
        let pinned = stream.uniform(u64::MAX) >= FREE_SHARE;
        Blocks { stream, drawn: 0, pinned, scale: 1.0 }
    }

    /// The next service time, in blocks of `length`; the same again until [`Blocks::keep`].
    pub fn next(&mut self, shape: &Shape, length: u32) -> f64 {
        let length = u64::from(length.max(1));
        let (block, place) = (self.drawn / length, self.drawn % length);
        let draw = |place| shape.draw(&mut self.stream.at_part(block, place));
        if place == 0 {
            let sum: f64 = (0..length).map(draw).sum();
            // A shape without any time has nothing to scale.
            self.scale =
                if sum > 0.0 && self.pinned { shape.mean() * length as f64 / sum } else { 1.0 };
        }
        draw(place) * self.scale
    }

    /// The message is accepted: one that a cut interrupts was in no mean, and leaves its place to the next.
    pub fn keep(&mut self) {
        self.drawn += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(shape: &Shape, length: u32, n: usize) -> Vec<f64> {
        let mut blocks = Blocks { pinned: true, ..Blocks::new(Stream::new(3, 0, "blocks")) };
        (0..n)
            .map(|_| {
                let value = blocks.next(shape, length);
                blocks.keep();
                value
            })
            .collect()
    }

    #[test]
    fn every_block_has_the_mean_of_the_distribution() {
        let shape = Shape::lognormal_by_mean(6.0, 0.5, None);
        for block in draws(&shape, 40, 400).chunks(40) {
            let mean = block.iter().sum::<f64>() / 40.0;
            assert!((mean - 6.0).abs() < 1e-9, "{mean}");
        }
    }

    #[test]
    fn within_a_block_the_draws_vary_as_ever() {
        let shape = Shape::lognormal_by_mean(6.0, 0.5, None);
        let values = draws(&shape, 40, 40_000);
        let variance = values.iter().map(|v| (v - 6.0).powi(2)).sum::<f64>() / 40_000.0;
        // Without the freedom of the mean: (e^0.25 - 1) 6^2, less one fortieth; 5 % for its own chance.
        let expected = 10.225 * 39.0 / 40.0;
        assert!((variance / expected - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn every_second_replication_keeps_its_free_mean() {
        let pinned = |replication| Blocks::new(Stream::new(3, replication, "blocks")).pinned;
        let free = (0..10_000).filter(|replication| !pinned(*replication)).count() as f64;
        // Five standard errors of a binomial with n 10,000 and p 1/2.
        assert!((free - 5000.0).abs() < 250.0, "{free}");
    }

    #[test]
    fn a_service_that_takes_no_time_still_takes_none() {
        assert_eq!(draws(&Shape::Fixed(0.0), 40, 3), [0.0; 3]);
        assert_eq!(draws(&Shape::Fixed(2.0), 0, 3), [2.0; 3]);
    }
}
