//! A scenario file, whatever it holds, is read or refused: no panic, no hang. What is accepted is accepted again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailflow_fuzz::scenario;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let folder = std::path::Path::new("/nonexistent");
    match scenario::parse("fuzz.yaml", text, folder, &[]) {
        Ok(read) => {
            let again = scenario::parse("fuzz.yaml", text, folder, &[]).expect("accepted before");
            assert!(read == again);
        }
        Err(problems) => assert!(!problems.to_string().is_empty()),
    }
});
