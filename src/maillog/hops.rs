//! Hops to a filter on the same machine: mail that is handed over loopback and comes back with the same message id is one
//! message. The first part is a hop; the second arrived when the first did.
//!
//! A message id alone proves nothing (a list's mail has one for all recipients), so the second must have come in over
//! loopback while the first was being handed over, or at once after; and the first must have gone to 127.0.0.1, ::1 or
//! localhost, or to another loopback address that answered with the queue id of the second.

use super::attempt::Hop;
use super::entry::From;
use super::follow::Reader;
use super::message::Message;
use super::stamp::Stamp;
use super::table::hash;
use crate::units::Span;

/// A filter that answers before it hands the message back does so at once.
const RETURN: Span = Span::from_secs(5);

/// Whether an answer names the message with this key: `Sent (6AM5F39R031082 Message accepted for delivery)`.
pub(super) fn names(answer: &[u8], node: u64, key: u64) -> bool {
    let words = answer.split(|byte| !byte.is_ascii_alphanumeric());
    words.filter(|word| (8..=20).contains(&word.len())).any(|word| hash(node, word) == key)
}

impl Reader {
    /// The message that may be coming back from a filter here, and whether it is known to have gone there.
    pub(super) fn parent(
        &mut self,
        at: Stamp,
        key: u64,
        message_id: u64,
        from: &From,
    ) -> Option<(u64, bool)> {
        if message_id == 0 || !Hop::read(from.relay).is_loopback() {
            return None;
        }
        let parent = *self.by_message_id.get_mut(message_id)?;
        let message = self.messages.get_mut(parent)?;
        let gone = message.delivered.is_some();
        let long_ago = gone && message.last_try.is_some_and(|last| at.since(last) > RETURN);
        if parent == key
            || message.arrived > at
            || message.child != 0
            || long_ago
            || gone && !message.to_loopback
        {
            return None;
        }
        message.child = key;
        // A chain of filters: the next hop comes back from this part.
        if let Some(latest) = self.by_message_id.get_mut(message_id) {
            *latest = key;
        }
        Some((parent, gone))
    }

    /// The message `child` came back from a filter, if it did so after `began`: it arrived when its parent did.
    pub(super) fn comes_back(&mut self, child: u64, arrived: Stamp, began: Stamp) -> bool {
        let Some(child) = self.messages.get_mut(child).filter(|child| child.own_arrival >= began)
        else {
            return false;
        };
        child.arrived = arrived;
        true
    }

    /// A message is gone: it cannot come back any more.
    pub(super) fn forget_id(&mut self, message: &Message, key: u64) {
        if message.message_id != 0
            && self.by_message_id.get_mut(message.message_id) == Some(&mut { key })
        {
            self.by_message_id.remove(message.message_id);
        }
    }
}
