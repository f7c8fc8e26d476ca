//! `network:` - the way between Proofpoint and Exchange Online.

use super::keys::{KeyDoc, Kind, Source};
use super::reader::Section;
use crate::model::params::{Link, Network};
use crate::units::Span;

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new("network", Kind::Section, "", "The way between the two sides."),
    KeyDoc::new(
        "network.round_trip",
        Kind::Span { min: Span::ZERO, max: Span::from_mins(1) },
        "30ms",
        "One round trip; a message on an open connection takes four.",
    )
    .from(Source::Assumed, "5ms to 150ms"),
    KeyDoc::new("network.bandwidth", Kind::Section, "", "How fast bodies travel."),
    KeyDoc::new(
        "network.bandwidth.per_connection",
        Kind::Bandwidth,
        "20 Mbit/s",
        "The bandwidth of each connection.",
    )
    .from(Source::Assumed, "2 Mbit/s to 1 Gbit/s"),
];

/// Reads `network:`.
pub(super) fn read(top: &Section<'_>) -> Network {
    let mut network = Network::default();
    let section = top.child("network");
    section.set("round_trip", |f| f.span(), &mut network.round_trip);
    let bandwidth = section.child("bandwidth");
    let mut own = match network.link {
        Link::PerConnection(own) | Link::Shared(own) => own,
    };
    bandwidth.set("per_connection", |f| f.bandwidth(), &mut own);
    network.link = Link::PerConnection(own);
    network
}
