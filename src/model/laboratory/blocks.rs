//! Service times whose mean is known: drawn in blocks, each scaled to the mean of its distribution.
//!
//! A recording states its mean time per message over so many consecutive messages of an open connection.
//! That number holds the chance of the very service times it was measured from; drawing them with a free
//! mean again would let the same chance in twice, and the model would claim to know less than it was told.
//! Within a block the draws vary as ever; at its end the time passed is what was stated. Where the recording's
//! blocks began is not known: each replication draws the place of its first message within a block.
//!
//! The length is `service_block` of [`super::Laboratory`].
//!
//! Left out: the first message on a connection, which no recording counts in; it is drawn freely.

use crate::engine::Stream;
use crate::model::distribution::Shape;

/// Where the sequence of blocks stands.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    stream: Stream,
    length: u64,
    /// Number of the next message, counted from the start of the first block.
    next: u64,
    /// The block that `scale` is for.
    block: Option<u64>,
    scale: f64,
}

impl Blocks {
    /// Blocks of `length` messages; `place` within the first one is drawn.
    pub fn new(length: u32, stream: Stream, place: Stream) -> Self {
        let length = u64::from(length.max(1));
        Blocks { stream, length, next: place.at(0).below(length), block: None, scale: 1.0 }
    }

    /// The next service time; the same again until [`Blocks::keep`].
    pub fn next(&mut self, shape: &Shape) -> f64 {
        let (block, place) = (self.next / self.length, self.next % self.length);
        let draw = |place| shape.draw(&mut self.stream.at_part(block, place));
        if self.block.replace(block) != Some(block) {
            let sum: f64 = (0..self.length).map(draw).sum();
            // A shape without any time has nothing to scale.
            self.scale = if sum > 0.0 { shape.mean() * self.length as f64 / sum } else { 1.0 };
        }
        draw(place) * self.scale
    }

    /// The message is accepted: one that a cut interrupts was in no mean, and leaves its place to the next.
    pub fn keep(&mut self) {
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(length: u32, replication: u64) -> Blocks {
        let of = |name| Stream::new(3, replication, name);
        Blocks::new(length, of("blocks"), of("place"))
    }

    fn draws(mut blocks: Blocks, shape: &Shape, n: usize) -> Vec<f64> {
        let draw = |_| {
            let value = blocks.next(shape);
            blocks.keep();
            value
        };
        (0..n).map(draw).collect()
    }

    #[test]
    fn every_block_has_the_mean_of_the_distribution() {
        let shape = Shape::lognormal_by_mean(6.0, 0.5, None);
        let blocks = blocks(40, 0);
        let rest = (40 - blocks.next) as usize;
        for block in draws(blocks, &shape, rest + 400)[rest..].chunks(40) {
            let mean = block.iter().sum::<f64>() / 40.0;
            assert!((mean - 6.0).abs() < 1e-9, "{mean}");
        }
    }

    #[test]
    fn within_a_block_the_draws_vary_as_ever() {
        let shape = Shape::lognormal_by_mean(6.0, 0.5, None);
        let values = draws(blocks(40, 0), &shape, 40_000);
        let variance = values.iter().map(|v| (v - 6.0).powi(2)).sum::<f64>() / 40_000.0;
        // Without the freedom of the mean: (e^0.25 - 1) 6^2, less one fortieth; 5 % for its own chance.
        let expected = 10.225 * 39.0 / 40.0;
        assert!((variance / expected - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn the_first_message_stands_anywhere_within_its_block() {
        let mut seen = [0; 40];
        (0..4_000).for_each(|replication| seen[blocks(40, replication).next as usize] += 1);
        // 100 expected in each place; five standard errors.
        assert!(seen.iter().all(|n| (50..=150).contains(n)), "{seen:?}");
    }

    #[test]
    fn a_service_that_is_interrupted_is_drawn_again_as_it_was() {
        let shape = Shape::Exponential(6.0);
        let mut blocks = blocks(40, 0);
        assert_eq!(blocks.next(&shape), blocks.next(&shape));
    }

    #[test]
    fn a_service_that_takes_no_time_still_takes_none() {
        assert_eq!(draws(blocks(40, 0), &Shape::Fixed(0.0), 3), [0.0; 3]);
        assert_eq!(draws(blocks(0, 0), &Shape::Fixed(2.0), 3), [2.0; 3]);
    }
}
