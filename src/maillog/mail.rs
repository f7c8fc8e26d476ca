//! The books of the mail: counts, delays by block of days, the timeline. Memory does not grow with the log: days are
//! joined into longer blocks, buckets of the timeline into longer buckets.

use super::diagnosis::{Block, Bucket, Counts, Fate, Mail};
use super::stamp::Stamp;
use crate::stats::Histogram;
use crate::units::Span;

/// Most blocks of days. A histogram of delays takes up to 320 KB.
const MOST_BLOCKS: usize = 31;
/// Most buckets of the timeline.
const MOST_BUCKETS: usize = 2880;
const MINUTE: i64 = 60_000_000;
/// A message given up at this age or later was given up because it had waited too long.
const EXPIRED: Span = Span::from_hours(24);

/// What happens at an instant of the timeline.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Arrived,
    Delivered(Span),
    Skipped,
    Failed,
}

/// The books of one part of a log.
#[derive(Clone, Debug, Default)]
pub(super) struct MailBook {
    counts: Counts,
    block_days: i64,
    /// Number and block, ascending.
    blocks: Vec<(i64, Block)>,
    width: i64,
    start: Option<i64>,
    timeline: Vec<Bucket>,
    pub(super) sizes: Histogram,
    pub(super) recipients: Histogram,
    tries: Histogram,
}

impl MailBook {
    /// Counts something that happened at `at`: in the whole and in its block of days.
    pub(super) fn count(&mut self, at: Stamp, count: impl Fn(&mut Counts)) {
        count(&mut self.counts);
        count(&mut self.block(at.day()).counts);
    }

    /// A settled message, or one that will not be settled any more.
    pub(super) fn settle(&mut self, arrived: Stamp, fate: Fate, tries: u32, carried_over: bool) {
        self.count(arrived, |counts| {
            counts.arrived += 1;
            counts.carried_over += u64::from(carried_over);
            match fate {
                Fate::Delivered(_) => counts.delivered += 1,
                Fate::Queued(_) => counts.queued += 1,
                Fate::Bounced(_) => counts.bounced += 1,
            }
        });
        if !matches!(fate, Fate::Queued(_)) {
            self.tries.record(u64::from(tries));
        }
        if carried_over {
            return;
        }
        let block = self.block(arrived.day());
        match fate {
            Fate::Delivered(span) => block.delivered.record(span.nanos()),
            Fate::Queued(span) => block.queued.record(span.nanos()),
            // What the receiver does not want is not late; what was given up after days is.
            Fate::Bounced(span) if span < EXPIRED => {}
            Fate::Bounced(span) => block.expired.record(span.nanos()),
        }
    }

    fn block(&mut self, day: i64) -> &mut Block {
        self.block_days = self.block_days.max(1);
        loop {
            let number = day.div_euclid(self.block_days);
            let at = self.blocks.partition_point(|block| block.0 < number);
            if self.blocks.get(at).is_some_and(|block| block.0 == number) {
                return &mut self.blocks[at].1;
            }
            if self.blocks.len() < MOST_BLOCKS {
                self.blocks.insert(at, (number, Block::default()));
                return &mut self.blocks[at].1;
            }
            self.join_blocks();
        }
    }

    fn join_blocks(&mut self) {
        self.block_days = self.block_days.saturating_mul(2);
        let mut joined: Vec<(i64, Block)> = Vec::new();
        for (number, block) in self.blocks.drain(..) {
            let number = number.div_euclid(2);
            match joined.last_mut().filter(|last| last.0 == number) {
                Some(last) => last.1.join(&block),
                None => joined.push((number, block)),
            }
        }
        self.blocks = joined;
    }

    /// Enters an event into the timeline. What lies before its start is entered there.
    pub(super) fn event(&mut self, at: Stamp, event: Event) {
        self.width = self.width.max(MINUTE);
        let start = *self.start.get_or_insert(at.0.div_euclid(MINUTE) * MINUTE);
        let since = at.0.saturating_sub(start).max(0);
        while since / self.width >= MOST_BUCKETS as i64 {
            self.join_buckets();
        }
        let bucket = (since / self.width) as usize;
        if bucket >= self.timeline.len() {
            self.timeline.resize(bucket + 1, Bucket::default());
        }
        let bucket = &mut self.timeline[bucket];
        match event {
            Event::Arrived => bucket.arrived += 1,
            Event::Delivered(delay) => {
                bucket.delivered += 1;
                bucket.worst = bucket.worst.max(delay);
            }
            Event::Skipped => bucket.skipped += 1,
            Event::Failed => bucket.failed += 1,
        }
    }

    fn join_buckets(&mut self) {
        self.width = self.width.saturating_mul(2);
        let join = |pair: &[Bucket]| {
            pair.iter().fold(Bucket::default(), |sum, bucket| Bucket {
                arrived: sum.arrived + bucket.arrived,
                delivered: sum.delivered + bucket.delivered,
                skipped: sum.skipped + bucket.skipped,
                failed: sum.failed + bucket.failed,
                worst: sum.worst.max(bucket.worst),
            })
        };
        self.timeline = self.timeline.chunks(2).map(join).collect();
    }

    /// The finished account.
    pub(super) fn finish(self) -> Mail {
        let days = self.block_days.max(1);
        let blocks = self.blocks.into_iter();
        Mail {
            counts: self.counts,
            block_days: u32::try_from(days).unwrap_or(u32::MAX),
            blocks: blocks
                .map(|(number, block)| Block {
                    start: Stamp::of_day(number.saturating_mul(days)),
                    ..block
                })
                .collect(),
            bucket: Span::from_nanos(self.width.max(MINUTE) as u64 * 1000),
            timeline_start: Stamp(self.start.unwrap_or(0)),
            timeline: self.timeline,
            sizes: self.sizes,
            recipients: self.recipients,
            tries: self.tries,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_days_are_joined_into_blocks_and_none_is_lost() {
        let mut book = MailBook::default();
        for day in 0..400 {
            book.settle(Stamp::of_day(day), Fate::Delivered(Span::from_secs(day as u64)), 1, false);
            book.settle(Stamp::of_day(day), Fate::Queued(Span::from_secs(1)), 1, false);
            book.event(Stamp::of_day(day), Event::Arrived);
        }
        let mail = book.finish();
        assert_eq!((mail.block_days, mail.blocks.len()), (16, 25));
        let known: u64 = mail.blocks.iter().map(|block| block.delivered.count()).sum();
        let open: u64 = mail.blocks.iter().map(|block| block.queued.count()).sum();
        let arrived: u64 = mail.blocks.iter().map(|block| block.counts.arrived).sum();
        assert_eq!((known, open, arrived, mail.counts.arrived), (400, 400, 800, 800));
        assert!(mail.timeline.len() <= MOST_BUCKETS);
        assert_eq!(mail.timeline.iter().map(|bucket| bucket.arrived).sum::<u64>(), 400);
    }

    #[test]
    fn mail_from_before_the_log_is_counted_but_not_timed() {
        let mut book = MailBook::default();
        book.settle(Stamp(0), Fate::Delivered(Span::from_secs(9)), 2, true);
        let mail = book.finish();
        assert_eq!(
            (mail.counts.arrived, mail.counts.delivered, mail.counts.carried_over),
            (1, 1, 1)
        );
        assert_eq!(mail.blocks[0].delivered.count(), 0);
    }
}
