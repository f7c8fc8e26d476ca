//! scratch
use mailflow::{experiment::validation, scenario::recorded_case::RecordedCase};
fn main() {
    let cases: Vec<_> = std::env::args()
        .skip(1)
        .map(|a| RecordedCase::load(std::path::Path::new(&a)).unwrap_or_else(|e| panic!("{e}")))
        .collect();
    let v = validation::validate(&cases, 100, 42);
    for c in &v.cases {
        for (n, m) in &c.metrics {
            println!(
                "{:22} {n:20} real {:9.1} model {:9.1} {:9.1} {:9.1} rank {:5.1} {}",
                c.case,
                m.real,
                m.low,
                m.mid,
                m.high,
                m.rank,
                if m.inside { "" } else { "OUTSIDE" }
            );
        }
    }
    println!(
        "inside {}/{} median {:.4} p90 {:.4} cases {} cov50 {:.2} cov90 {:.2}",
        v.inside, v.total, v.median_error, v.p90_error, v.cases_inside, v.coverage50, v.coverage90
    );
}
