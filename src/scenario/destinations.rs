//! `destinations:` - other hosts whose mail waits in the same queue.

use super::exchange_online;
use super::keys::{KeyDoc, Kind};
use super::reader::{Field, Section};
use super::run::RunSettings;
use super::windows::is_name;
use crate::model::params::{Destination, Receiver};
use std::sync::Arc;

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new(
        "destinations",
        Kind::List,
        "[]",
        "Other hosts whose mail waits in the same queue.",
    ),
    KeyDoc::new("destinations[].name", Kind::Text, "", "What it is called; each name once."),
    KeyDoc::new(
        "destinations[].share",
        Kind::Share,
        "",
        "Its share of the mail; what is left goes to Exchange Online.",
    ),
    KeyDoc::new(
        "destinations[].receiver",
        Kind::Section,
        "",
        "How it receives: the keys of exchange_online, with their defaults.",
    ),
];

/// Reads `destinations:`.
pub(super) fn read(top: &Section<'_>, run: &RunSettings) -> Vec<Destination> {
    let mut list = Vec::new();
    top.set("destinations", |f| destinations(f, run), &mut list);
    list
}

fn destinations(field: &Field<'_>, run: &RunSettings) -> Option<Vec<Destination>> {
    let mut list: Vec<Destination> = Vec::new();
    let items = field.items()?;
    if items.len() > 100 {
        return field.refuse("more than 100 destinations");
    }
    for (index, item) in items.iter().enumerate() {
        let path = format!("{}[{index}]", field.path);
        let section = Section::open(Some(item), &path, "destinations[]", field.report);
        let name = section.need("name", |f| name(f, &list));
        let share = section.need("share", |f| f.share());
        let mut receiver = Receiver::default();
        let keys = |f: &Field<'_>| {
            let path = format!("{path}.receiver");
            let section = Section::open(Some(f.node), &path, "exchange_online", f.report);
            Some(exchange_online::read(&section, run))
        };
        section.set("receiver", keys, &mut receiver);
        if let (Some(name), Some(share)) = (name, share) {
            list.push(Destination { name, share, receiver });
        }
        let total: f64 = list.iter().map(|other| other.share.value()).sum();
        if let Some(field) = section.get("share").filter(|_| total > 1.0 + 1e-9) {
            list.pop();
            field
                .refuse::<()>(&format!("together the shares are {:.4}%, over 100%", total * 100.0));
        }
    }
    Some(list)
}

fn name(field: &Field<'_>, before: &[Destination]) -> Option<Arc<str>> {
    let name = field.text()?.trim();
    if name == "exchange_online" {
        return field.refuse("exchange_online is the name of the first destination");
    }
    if !is_name(name) {
        let accepted = "a name of letters, digits, _, - and .";
        return field.refuse_as(&field.node.describe(), accepted, "");
    }
    if before.iter().any(|other| &*other.name == name) {
        return field.refuse("another destination has this name");
    }
    Some(Arc::from(name))
}
