//! scratch
use mailflow::{experiment::*, model::params::*, units::*};
fn main() {
    let mut p = Params::default();
    p.workload.bursts = vec![Burst {
        at: SimTime::ZERO + Span::from_mins(570),
        messages: 6000,
        over: Span::from_mins(5),
    }];
    if std::env::args().nth(1).as_deref() == Some("fixes") {
        p.sender.runners = 10;
        p.sender.messages_per_connection = Some(199);
        p.sender.host_status.enabled = false;
        p.sender.min_queue_age = Span::from_mins(1);
    }
    let n: u64 = std::env::args().nth(2).map_or(20, |s| s.parse().unwrap());
    let s = ReplicationSettings {
        simulate: Span::from_hours(24),
        warm_up: Span::ZERO,
        drain: true,
        seed: 42,
    };
    #[allow(clippy::disallowed_methods)]
    let t = std::time::Instant::now();
    let mut d = 0;
    let mut sk = 0;
    let mut cuts = 0;
    let mut h: Vec<(u64, u64)> = vec![];
    for r in 0..n {
        let rec = replicate(&p, &s, r);
        d += rec.counts.deliveries_simulated;
        sk += rec.counts.tries_skipped;
        cuts += rec.counts.connections_cut;
        h.extend(rec.delays.delivered.bins());
        if r == 0 {
            println!("{:?}", rec.counts);
        }
    }
    let e = t.elapsed().as_secs_f64();
    h.sort();
    let tot: u64 = h.iter().map(|x| x.1).sum();
    let q = |p: f64| {
        let mut c = 0;
        for (v, k) in &h {
            c += k;
            if c as f64 >= p * tot as f64 {
                return *v as f64 / 1e9;
            }
        }
        0.0
    };
    println!(
        "delivered {d} skipped {sk} cuts/day {} in {e:.3}s = {:.2} M/s, p50 {:.1} p90 {:.1} p99 {:.1} p999 {:.1} max {:.1}",
        cuts as f64 / n as f64,
        d as f64 / e / 1e6,
        q(0.5),
        q(0.9),
        q(0.99),
        q(0.999),
        q(1.0)
    );
}
