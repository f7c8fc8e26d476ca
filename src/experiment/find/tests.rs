use super::*;

/// Searches a world that answers `at(place)` whatever the days, and tells every place that was tried.
fn schedule(plan: &Plan, at: impl Fn(i64) -> (Verdict, bool)) -> (String, Ends) {
    let (mut tried, mut told) = (BTreeMap::new(), Vec::new());
    loop {
        let (place, full) = match plan.next(&tried) {
            Next::Try(place) => (place, false),
            Next::Confirm(place) => (place, true),
            Next::Done => break,
        };
        let (verdict, leans) = at(place);
        assert!(tried.get(&place).is_none_or(|before: &Tried| full && !before.full), "{told:?}");
        let full = full || verdict == Verdict::Undecided;
        tried.insert(place, Tried { verdict, leans, full });
        let mark = match verdict {
            Verdict::Met => "+",
            Verdict::Missed => "-",
            Verdict::Undecided => "?",
        };
        told.push(format!("{place}{mark}"));
        assert!(tried.len() <= plan.most(), "{told:?}");
    }
    println!("{}", told.join(" "));
    (told.join(" "), plan.ends(&tried))
}

/// Met above `from`, missed below `until`, and by the estimates met above `truth`.
fn world(until: i64, truth: i64, from: i64) -> impl Fn(i64) -> (Verdict, bool) {
    move |place| {
        let verdict = match place {
            _ if place >= from => Verdict::Met,
            _ if place < until => Verdict::Missed,
            _ => Verdict::Undecided,
        };
        (verdict, place >= truth)
    }
}

fn range(low: i64, high: i64, up: bool) -> Plan {
    Plan { rungs: vec![low, high], start: None, up }
}

#[test]
fn a_clear_threshold_is_halved_for_and_its_ends_are_confirmed() {
    let (told, ends) = schedule(&range(1, 20, true), world(7, 7, 7));
    assert_eq!(told, "1- 20+ 10+ 5- 7+ 6- 6- 7+");
    assert_eq!((ends.missed, ends.met, ends.best), (Some(6), Some(7), Some(7)));
    assert!(ends.monotone && ends.between.is_empty());
}

#[test]
fn both_ends_of_what_cannot_be_told_are_found_and_the_best_guess_within() {
    let (told, ends) = schedule(&range(1, 100, true), world(30, 47, 60));
    assert!(told.starts_with("1- 100+ 50? 25- 37? 31? 28- 29- 30?"), "{told}");
    assert_eq!((ends.missed, ends.met, ends.best), (Some(29), Some(60), Some(47)));
    assert!(ends.between.contains(&30) && ends.between.contains(&59), "{ends:?}");
}

#[test]
fn from_a_start_it_doubles_towards_the_side_that_is_missing() {
    let plan = |start| Plan { rungs: vec![1, 2, 4, 8, 16, 32, 64], start: Some(start), up: true };
    let (told, _) = schedule(&plan(2), world(23, 23, 23));
    assert_eq!(told, "2- 4- 8- 16- 32+ 24+ 20- 22- 23+ 22- 23+");
    let (told, ends) = schedule(&plan(32), world(3, 3, 3));
    assert_eq!(told, "32+ 16+ 8+ 4+ 2- 3+ 2- 3+");
    assert_eq!((ends.missed, ends.met), (Some(2), Some(3)));
}

#[test]
fn the_largest_value_is_found_on_the_mirrored_ladder() {
    let falling =
        |place: i64| (if place <= 13 { Verdict::Met } else { Verdict::Missed }, place <= 13);
    let (told, ends) = schedule(&range(1, 20, false), falling);
    assert_eq!(told, "20- 1+ 11+ 16- 14- 13+ 14- 13+");
    assert_eq!((ends.missed, ends.met, ends.best), (Some(14), Some(13), Some(13)));
}

#[test]
fn a_range_without_an_end_says_so() {
    let (told, ends) = schedule(&range(1, 20, true), world(99, 99, 99));
    assert_eq!(told, "1- 20- 20-");
    assert_eq!((ends.missed, ends.met, ends.best), (Some(20), None, None));
    let (told, ends) = schedule(&range(1, 20, true), world(0, 0, 0));
    assert_eq!(told, "1+ 20+ 1+");
    assert_eq!((ends.missed, ends.met, ends.best), (None, Some(1), Some(1)));
    let (_, ends) = schedule(&range(1, 20, true), world(0, 99, 99));
    assert_eq!((ends.missed, ends.met), (None, None), "nothing can be told");
}

#[test]
fn contradictions_are_told_and_lie_between_the_ends() {
    let tried = |verdict| Tried { verdict, leans: verdict == Verdict::Met, full: true };
    let seen = [(2, Verdict::Missed), (5, Verdict::Met), (8, Verdict::Missed), (12, Verdict::Met)];
    let seen = seen.into_iter().map(|(place, verdict)| (place, tried(verdict))).collect();
    let ends = range(1, 20, true).ends(&seen);
    assert_eq!((ends.missed, ends.met), (Some(2), Some(12)));
    assert!(!ends.monotone);
    assert_eq!(ends.between, [5, 8]);
    // The wrong way round: what is asked for the smallest has a largest.
    let (_, ends) = schedule(&range(1, 20, true), |place| {
        (if place < 7 { Verdict::Met } else { Verdict::Missed }, place < 7)
    });
    assert!(!ends.monotone && ends.missed.is_none() && ends.met.is_none(), "{ends:?}");
}

#[test]
fn an_end_that_does_not_stand_with_all_days_makes_the_search_go_on() {
    let plan = range(1, 20, true);
    let (mut tried, mut places) = (BTreeMap::new(), 0);
    loop {
        let (place, full) = match plan.next(&tried) {
            Next::Try(place) => (place, false),
            Next::Confirm(place) => (place, true),
            Next::Done => break,
        };
        // With few days 6 looks good; with all, only 9 and more do.
        let verdict = match place {
            6..9 if full => Verdict::Undecided,
            6.. => Verdict::Met,
            _ => Verdict::Missed,
        };
        tried.insert(place, Tried { verdict, leans: place >= 8, full });
        places += 1;
        assert!(places < 50, "it ends");
    }
    let ends = plan.ends(&tried);
    assert_eq!((ends.missed, ends.met, ends.best), (Some(5), Some(9), Some(8)), "{tried:?}");
}

#[test]
fn verdicts_share_the_five_per_cent() {
    assert_eq!(looks(20), [10, 20]);
    assert_eq!(looks(100), [10, 20, 40, 80, 100]);
    assert_eq!(looks(7), [7]);
    let plan = range(1, 20, true);
    assert_eq!(plan.most(), 2 + 3 * 5 + 4);
    assert!((plan.level(20) - (1.0 - 0.05 / 42.0)).abs() < 1e-12);
}
