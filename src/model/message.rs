//! A message in the sender's queue.
//!
//! Life: **queued** -> locked (in an attempt) -> delivered, or back to queued, or bounced. A message leaves
//! the store when it is delivered or bounced; its slot is used again, so memory grows with the mail that
//! waits and not with the mail simulated.
//!
//! Left out: content, and delivery to some of the recipients only.

use super::waiting::{Wait, Waited};
use crate::units::{SimTime, Span};

/// Sendmail's priority arithmetic (`RecipientFactor`, `RetryFactor`); ClassFactor has no use here, all
/// mail is of class 0. Source: sendmail 8.17 source.
const RECIPIENT_FACTOR: u64 = 30_000;
const RETRY_FACTOR: u64 = 90_000;
/// `DEFAULT_MAX_RCPT`.
const MOST_RECIPIENTS: u32 = 100;

/// One message. It fills one line of a cache: a long queue is worked through in an order that is not that of its
/// memory, and each line costs a wait.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Message {
    /// Its number in order of arrival.
    pub id: u64,
    /// Names its random draws: the source it came from and its number there, so that a change to one
    /// source (say, a burst) does not reshuffle the sizes of another.
    pub draw_key: u64,
    /// When the sender accepted it.
    pub created: SimTime,
    /// End of the last attempt; its arrival while `tries` is 0.
    pub last_try: SimTime,
    /// Size in bytes.
    pub bytes: u32,
    /// Envelope recipients.
    pub recipients: u32,
    /// Attempts so far, skipped ones included.
    pub tries: u32,
    /// How often a queue run has read its queue file for an attempt.
    pub reads: u32,
    /// The agent that holds it.
    pub agent: u32,
    /// Where it goes: 0 is Exchange Online.
    pub destination: u16,
    /// Transactions of it that were accepted already (over 100 recipients take several).
    pub batches_sent: u16,
    /// What it has been waiting for since its last attempt.
    pub wait: Wait,
    /// In an attempt by some process.
    pub locked: bool,
    /// A delay notice was sent.
    pub warned: bool,
    /// The receiver has accepted a copy already (`commit: before_reply`).
    pub accepted: bool,
}

impl Message {
    /// Sendmail's priority number: lower goes first. Rule: MODEL.md 4.4.
    pub fn priority(&self) -> u64 {
        u64::from(self.bytes)
            + RECIPIENT_FACTOR * u64::from(self.recipients)
            + RETRY_FACTOR * u64::from(self.reads)
    }

    /// Transactions it takes: Sendmail sends at most 100 recipients in one. Source: sendmail 8.17 source.
    pub fn batches(&self) -> u16 {
        u16::try_from(self.recipients.div_ceil(MOST_RECIPIENTS).max(1)).unwrap_or(u16::MAX)
    }

    /// The wait that ends when a process that was started at `listed` takes it `now`.
    pub fn waited(&self, listed: SimTime, now: SimTime) -> Waited {
        Waited { what: self.wait, since: self.last_try, listed, taken: now }
    }

    /// How old it is.
    pub fn age(&self, now: SimTime) -> Span {
        now.since(self.created)
    }
}

/// The messages that are in some queue, by slot.
///
/// What a queue run asks of a message - is it still there, was it tried since, is it in an attempt - stands in
/// one word a slot, apart from the messages: a run over a long queue then walks through memory of an eighth of
/// their size.
#[derive(Debug, Default)]
pub struct Messages {
    slots: Vec<Message>,
    marks: Vec<Mark>,
    free: Vec<u32>,
}

/// The number of the message in a slot (its low 48 bits), the low byte of its tries, whether it is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark(u64);

/// Low bits of a message's number in a mark: 2.8 * 10^14 messages.
const NUMBER: u64 = (1 << 48) - 1;
/// Above the tries' byte: the message is in an attempt, or the slot is not in use.
const LOCKED: u64 = 1 << 8;

impl Mark {
    const UNUSED: Mark = Mark(NUMBER << 16 | LOCKED);

    fn of(id: u64, tries: u32) -> Mark {
        Mark((id & NUMBER) << 16 | u64::from(tries as u8))
    }
}

/// A message's place in the store, with its number to tell whether it is still the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRef {
    /// Where.
    pub slot: u32,
    /// Which.
    pub id: u64,
}

impl Messages {
    /// Keeps `message` and says where.
    #[inline]
    pub fn insert(&mut self, message: Message) -> u32 {
        let mark = Mark::of(message.id, message.tries);
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = message;
                self.marks[slot as usize] = mark;
                slot
            }
            None => {
                self.slots.push(message);
                self.marks.push(mark);
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// Whether the message is present and was tried so often (the low byte counts), locked or not.
    #[inline]
    pub fn is_as_listed(&self, at: MessageRef, tries: u8) -> bool {
        let mark = self.marks.get(at.slot as usize);
        mark.is_some_and(|mark| mark.0 & !LOCKED == Mark::of(at.id, u32::from(tries)).0)
    }

    /// Whether the message is present, was tried so often (the low byte counts) and is in no attempt.
    #[inline]
    pub fn is_free_as_listed(&self, at: MessageRef, tries: u8) -> bool {
        self.marks.get(at.slot as usize) == Some(&Mark::of(at.id, u32::from(tries)))
    }

    /// Fetches these messages from far memory all at once, which takes no longer than one alone. Their order
    /// in a list is not that in memory.
    #[inline]
    pub fn fetch(&self, slots: impl Iterator<Item = u32>) {
        let words = slots.map(|slot| {
            let message = self.slots.get(slot as usize).map_or(0, |message| message.id);
            message ^ self.marks.get(slot as usize).map_or(0, |mark| mark.0)
        });
        std::hint::black_box(words.fold(0, |all, word| all ^ word));
    }

    /// Whether the message is present and in no attempt.
    #[inline]
    pub fn is_free(&self, at: MessageRef) -> bool {
        let mark = self.marks.get(at.slot as usize);
        mark.is_some_and(|mark| mark.0 >> 8 == (at.id & NUMBER) << 8)
    }

    /// The message in `slot` is in an attempt from here on.
    #[inline]
    pub fn lock(&mut self, slot: u32) -> &mut Message {
        self.marks[slot as usize].0 |= LOCKED;
        let message = &mut self.slots[slot as usize];
        message.locked = true;
        message
    }

    /// An attempt of the message in `slot` has ended `now` without delivery.
    #[inline]
    pub fn deferred(&mut self, slot: u32, now: SimTime, wait: Wait) -> &mut Message {
        let message = &mut self.slots[slot as usize];
        message.wait = wait;
        message.tries += 1;
        message.last_try = now;
        message.locked = false;
        self.marks[slot as usize] = Mark::of(message.id, message.tries);
        message
    }

    /// The message in `slot`, which the caller knows to be in use.
    #[inline]
    pub fn at(&self, slot: u32) -> &Message {
        &self.slots[slot as usize]
    }

    /// The same, to change it.
    #[inline]
    pub fn at_mut(&mut self, slot: u32) -> &mut Message {
        &mut self.slots[slot as usize]
    }

    /// Forgets the message in `slot`.
    #[inline]
    pub fn remove(&mut self, slot: u32) {
        self.marks[slot as usize] = Mark::UNUSED;
        self.free.push(slot);
    }

    /// Messages present.
    #[inline]
    pub fn len(&self) -> u64 {
        (self.slots.len() - self.free.len()) as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All messages present, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = &Message> {
        let used = |(message, mark): (_, &Mark)| (*mark != Mark::UNUSED).then_some(message);
        self.slots.iter().zip(&self.marks).filter_map(used)
    }
}

#[cfg(test)]
impl Message {
    /// A message for tests: number `id`, one recipient, 1,000 bytes, arrived at the start.
    pub(crate) fn sample(id: u64) -> Message {
        Message {
            id,
            draw_key: id,
            created: SimTime::ZERO,
            last_try: SimTime::ZERO,
            bytes: 1000,
            recipients: 1,
            tries: 0,
            reads: 0,
            agent: 0,
            destination: 0,
            batches_sent: 0,
            wait: Wait::FirstAttempt,
            locked: false,
            warned: false,
            accepted: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_priority_number_is_the_one_sendmail_logs() {
        // The article's line: pri=121904 is a first attempt of 1,904 bytes to one recipient.
        let first = Message { bytes: 1904, reads: 1, ..Message::sample(0) };
        assert_eq!(first.priority(), 121_904);
        // The laboratory's: 553 bytes, first and second attempt.
        let lab = Message { bytes: 553, reads: 1, ..Message::sample(0) };
        assert_eq!(lab.priority(), 120_553);
        assert_eq!(Message { reads: 2, ..lab }.priority(), 210_553);
    }

    #[test]
    fn a_reference_to_a_message_that_left_does_not_reach_the_next_one_in_its_slot() {
        let mut messages = Messages::default();
        let old = MessageRef { slot: messages.insert(Message::sample(1)), id: 1 };
        assert!(messages.is_free(old) && messages.is_as_listed(old, 0));
        messages.remove(old.slot);
        assert!(!messages.is_free(old) && !messages.is_as_listed(old, 0));
        let new = MessageRef { slot: messages.insert(Message::sample(2)), id: 2 };
        assert_eq!(old.slot, new.slot);
        assert!(!messages.is_free(old) && !messages.is_as_listed(old, 0));
        assert!(messages.is_free(new) && messages.is_as_listed(new, 0));
        assert_eq!(messages.len(), 1);
    }
    #[test]
    fn a_message_in_an_attempt_is_as_listed_but_not_free_and_afterwards_it_was_tried() {
        let mut messages = Messages::default();
        let at = MessageRef { slot: messages.insert(Message::sample(7)), id: 7 };
        messages.lock(at.slot);
        assert!(!messages.is_free(at) && messages.is_as_listed(at, 0));
        messages.deferred(at.slot, SimTime::from_nanos(5), Wait::Retry);
        assert!(
            messages.is_free(at) && messages.is_as_listed(at, 1) && !messages.is_as_listed(at, 0)
        );
    }
}
