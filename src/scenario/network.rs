//! `network:` - the way between Proofpoint and Exchange Online.

use super::assumption::{Part, Range, Unit};
use super::keys::{KeyDoc, Kind};
use super::reader::{Field, Section};
use crate::model::params::{Link, Network};
use crate::units::{Bandwidth, Span};

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new("network", Kind::Section, "", "The way between the two sides."),
    KeyDoc::new(
        "network.round_trip",
        Kind::Span { min: Span::ZERO, max: Span::from_mins(1) },
        "30ms",
        "One round trip; a message on an open connection takes four.",
    )
    .assumed(Range::number(&[Part::new(0.005, 0.15, Unit::Seconds)]), ""),
    KeyDoc::new("network.bandwidth", Kind::Section, "", "How fast bodies travel."),
    KeyDoc::new(
        "network.bandwidth.per_connection",
        Kind::Bandwidth,
        "20 Mbit/s",
        "The bandwidth of each connection.",
    )
    .assumed(Range::number(&[Part::new(2e6, 1e9, Unit::Bits)]), ""),
    KeyDoc::new(
        "network.bandwidth.shared",
        Kind::Limited,
        "",
        "The bandwidth that all connections share evenly, in place of per_connection.",
    ),
];

/// Reads `network:`.
pub(super) fn read(top: &Section<'_>) -> Network {
    let mut network = Network::default();
    let section = top.child("network");
    section.set("round_trip", |f| f.span(), &mut network.round_trip);
    let bandwidth = section.child("bandwidth");
    let own = |f: &Field<'_>| f.bandwidth().map(Link::PerConnection);
    let shared = |f: &Field<'_>| match f.bandwidth()? {
        Bandwidth::UNLIMITED => f.refuse("a link without limit is shared by nobody: take it out"),
        bandwidth => Some(Link::Shared(bandwidth)),
    };
    bandwidth.set("per_connection", own, &mut network.link);
    bandwidth.set("shared", shared, &mut network.link);
    if bandwidth.given().len() > 1 {
        bandwidth.exactly_one("per_connection or shared");
    }
    network
}
