//! Which values are combined, and which combinations a map of keys and values is about.

use super::*;

/// The entries of `vary:`.
pub(super) fn lists<'n>(node: &'n Node, found: &mut Found) -> Vec<Varied<'n>> {
    let mut all = Vec::new();
    let entries = found.map(node, "vary", accepted("vary"));
    if entries.is_empty() && matches!(node.value, Value::Map(_) | Value::Null) {
        found.add(node, "vary", accepted("vary"), "nothing varies");
    }
    for entry in entries {
        let key = join("vary", &entry.key);
        refuse_not_varied(entry, &key, found);
        let Value::List(items) = &entry.value.value else {
            let inner = match &entry.value.value {
                Value::Map(entries) => entries.first(),
                _ => None,
            };
            let message = inner.map_or(String::new(), |inner| {
                format!("keys are written in one piece: {}: [..]", join(&entry.key, &inner.key))
            });
            found.add(&entry.value, &key, "a list of values such as [2, 5, 10]", &message);
            continue;
        };
        if items.is_empty() {
            found.add(&entry.value, &key, "at least one value", "");
            continue;
        }
        for (index, item) in items.iter().enumerate() {
            if items[..index].iter().any(|before| written(before) == written(item)) {
                let message = format!("{} stands there twice", written(item));
                found.add(item, &key, "each value once", &message);
            }
        }
        all.push((entry.key.as_str(), entry.place.clone(), items.iter().collect()));
    }
    all
}

fn refuse_not_varied(entry: &Entry, key: &str, found: &mut Found) {
    if NOT_VARIED.contains(&entry.key.as_str()) || entry.key.starts_with("expect[") {
        let message = "every combination is run with the same seed as often: set it under run";
        let message = if entry.key.starts_with("run.") { message } else { "it changes no result" };
        let accepted = "a key that changes results, such as proofpoint.queue_runners";
        found.0.push(Problem::at(&entry.place, key, &quoted(&entry.key), accepted, message));
    }
}

/// Makes the combinations of the sweep.
pub(super) fn combine(
    mut sweep: Sweep,
    varied: Vec<Varied<'_>>,
    listed: Option<&Node>,
    root: &Node,
    found: &mut Found,
) -> Sweep {
    if let (Design::List, Some(node)) = (sweep.design, listed) {
        list(&mut sweep, node, found);
        return sweep;
    }
    let lengths: Vec<usize> = varied.iter().map(|(.., values)| values.len()).collect();
    let count = match sweep.design {
        Design::Grid => lengths.iter().try_fold(1usize, |count, n| count.checked_mul(*n)),
        _ => lengths.iter().try_fold(1usize, |count, n| count.checked_add(*n)),
    };
    for (_, place, values) in varied {
        sweep.values.push(values.into_iter().map(|node| marked(&place, node)).collect());
    }
    let Some(count) = count.filter(|count| *count <= MOST_COMBINATIONS) else {
        let said = count.map_or("far more".to_owned(), |count| count.to_string());
        let accepted = format!("at most {MOST_COMBINATIONS} combinations");
        let message = "take values out, or use design: one_at_a_time or list";
        found.0.push(Problem::at(&root.place, "vary", &said, &accepted, message));
        return sweep;
    };
    sweep.combinations = match sweep.design {
        Design::Grid => (0..count).map(|number| grid(number, &lengths)).collect(),
        _ => one_at_a_time(&lengths),
    };
    sweep
}

fn marked(place: &Place, node: &Node) -> (Place, Node) {
    let mut node = node.clone();
    overrides::mark(&mut node, ORIGIN);
    (Place { origin: Some(ORIGIN.to_owned()), ..place.clone() }, node)
}

/// Combination `number` of a grid: the last key changes fastest.
fn grid(mut number: usize, lengths: &[usize]) -> Vec<Option<usize>> {
    let mut chosen: Vec<Option<usize>> = lengths
        .iter()
        .rev()
        .map(|length| {
            let value = number % length;
            number /= length;
            Some(value)
        })
        .collect();
    chosen.reverse();
    chosen
}

/// The base, then each value of each key alone.
fn one_at_a_time(lengths: &[usize]) -> Vec<Vec<Option<usize>>> {
    let mut all = vec![vec![None; lengths.len()]];
    for (key, length) in lengths.iter().enumerate() {
        for value in 0..*length {
            let mut chosen = vec![None; lengths.len()];
            chosen[key] = Some(value);
            all.push(chosen);
        }
    }
    all
}

/// The entries of `combinations:`.
fn list(sweep: &mut Sweep, node: &Node, found: &mut Found) {
    let items = match &node.value {
        Value::List(items) if !items.is_empty() => items,
        _ => return found.add(node, "combinations", accepted("combinations"), ""),
    };
    if items.len() > MOST_COMBINATIONS {
        let accepted = format!("at most {MOST_COMBINATIONS} combinations");
        return found.add(node, "combinations", &accepted, "");
    }
    let mut rows: Vec<Vec<(usize, usize)>> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("combinations[{index}]");
        let mut row = Vec::new();
        for entry in found.map(item, &path, accepted("combinations")) {
            refuse_not_varied(entry, &join(&path, &entry.key), found);
            let known = sweep.keys.iter().position(|key| *key == entry.key);
            let key = known.unwrap_or_else(|| {
                sweep.keys.push(entry.key.clone());
                sweep.values.push(Vec::new());
                sweep.keys.len() - 1
            });
            let text = written(&entry.value);
            let values = &mut sweep.values[key];
            let known = values.iter().position(|(_, node)| written(node) == text);
            row.push((key, known.unwrap_or(values.len())));
            if known.is_none() {
                values.push(marked(&entry.place, &entry.value));
            }
        }
        row.sort_unstable();
        if rows.contains(&row) {
            found.add(item, &path, "each combination once", "this one stands above");
        }
        rows.push(row);
    }
    let width = sweep.keys.len();
    let wide = |row: &Vec<(usize, usize)>| {
        let mut chosen = vec![None; width];
        row.iter().for_each(|(key, value)| chosen[*key] = Some(*value));
        chosen
    };
    sweep.combinations = rows.iter().map(wide).collect();
}

/// The combinations that have these values; `None` after a problem.
pub(super) fn fitting(
    sweep: &Sweep,
    node: &Node,
    path: &str,
    found: &mut Found,
) -> Option<Vec<usize>> {
    let before = found.0.len();
    let mut all: Vec<usize> = (0..sweep.len()).collect();
    let bases = sweep.base_values();
    for entry in found.map(node, path, "a map of keys that vary, each with one of its values") {
        let path = join(path, &entry.key);
        let Some(key) = sweep.keys.iter().position(|key| *key == entry.key) else {
            let names: Vec<&str> = sweep.keys.iter().map(String::as_str).collect();
            let said = format!("{}, which does not vary", quoted(&entry.key));
            let near = nearest(&entry.key, names.iter().copied()).map(str::to_owned);
            let said = Problem::at(&entry.place, &path, &said, &names.join(", "), "");
            found.0.push(Problem { nearest: near, ..said });
            continue;
        };
        let text = written(&entry.value);
        let fits = |index: &usize| match sweep.combinations[*index][key] {
            Some(value) => written(&sweep.values[key][value].1) == text,
            None => bases[key] == text,
        };
        if !(0..sweep.len()).any(|index| fits(&index)) && !sweep.is_empty() {
            found.add(&entry.value, &path, &sweep.values(key).join(", "), "");
        }
        all.retain(fits);
    }
    if found.0.len() == before && all.is_empty() && !sweep.is_empty() {
        found.add(node, path, "values that occur together", "no combination has all of these");
    }
    (found.0.len() == before).then_some(all)
}

/// The one combination that has these values and, of the keys not named, those of the base.
pub(super) fn one_fitting(sweep: &Sweep, node: &Node, found: &mut Found) -> Option<usize> {
    let fitting = fitting(sweep, node, "compare_with", found)?;
    if let [one] = fitting[..] {
        return Some(one);
    }
    let bases = sweep.base_values();
    let named: Vec<&str> = match &node.value {
        Value::Map(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    };
    let like_base = |index: &usize| {
        let others = sweep.values_of(*index).into_iter().zip(&bases).zip(&sweep.keys);
        others
            .filter(|(_, key)| !named.contains(&key.as_str()))
            .all(|((value, base), _)| value.is_none_or(|value| value == *base))
    };
    let left: Vec<usize> = fitting.iter().copied().filter(like_base).collect();
    if let [one] = left[..] {
        return Some(one);
    }
    let others: Vec<&str> =
        sweep.keys.iter().map(String::as_str).filter(|key| !named.contains(key)).collect();
    let message =
        format!("{} combinations have these values; name {}", fitting.len(), others.join(", "));
    found.add(node, "compare_with", "the values of one combination", &message);
    None
}
