//! A log, whatever it holds, is read without panic and in memory that does not blow up, and what is told of it adds up.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailflow_fuzz::maillog::{HostStatus, Options, Reader, Stamp};

fuzz_target!(|data: &[u8]| {
    let (options, text) = match data.split_first() {
        Some((first, rest)) => {
            let split_at = (first & 1 == 1).then_some(Stamp(1_006_405_284_426_000));
            (Options { arrivals: first & 2 == 2, split_at }, rest)
        }
        None => (Options::default(), data),
    };
    let mut reader = Reader::new(options);
    reader.begin_file("fuzz");
    text.split(|byte| *byte == b'\n').for_each(|line| reader.line(line));
    let told = reader.finish();
    let counts = told.mail.counts;
    assert_eq!(counts.arrived, counts.delivered + counts.queued + counts.bounced);
    let of = &told.coverage;
    assert!(of.sendmail + of.others <= of.lines && of.damaged <= of.lines);
    if let Some(arrivals) = &told.arrivals {
        assert_eq!(arrivals.len() as u64, counts.arrived);
        assert!(arrivals.iter().flat_map(|arrival| arrival.relay).all(|relay| (relay as usize) < told.relays.len()));
    }
    if let Some(parts) = &told.parts {
        assert_eq!(parts[0].counts.arrived + parts[1].counts.arrived, counts.arrived);
    }
    let evidence = told.findings.iter().flat_map(|finding| &finding.evidence);
    assert!(evidence.chain(&of.damaged_samples).all(|line| !line.contains('@')));
    HostStatus::read(text);
    if let Ok(text) = std::str::from_utf8(text) {
        Stamp::typed(text, Stamp(0));
    }
});
