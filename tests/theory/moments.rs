//! One runner with other services than exponential ones: means, deviations and quantiles of the wait.

use crate::mail::{by, poisson, single_server, watch_all};
use crate::reference::Entry;
use mailflow::model::distribution::Shape;
use mailflow::units::Span;

#[test]
fn one_runner_with_fixed_service_is_m_d_1() {
    let entry = Entry::of("M/D/1");
    let service = Shape::Fixed(entry.param("D"));
    let params = single_server(poisson(entry.param("lambda_")), service, Span::ZERO);
    let runs = watch_all(|_| params.clone(), 24);
    entry.covers("Wq", &by(&runs, |run| run.mean()));
    for (p, key) in [(0.50, "Wq_p50"), (0.90, "Wq_p90"), (0.95, "Wq_p95"), (0.99, "Wq_p99")] {
        entry.covers(key, &by(&runs, |run| run.quantile(p)));
    }
}

#[test]
fn one_runner_with_lognormal_service_is_m_g_1() {
    let entry = Entry::of("M/G/1 lognormal service cv=2");
    let service = Shape::lognormal_by_mean(entry.param("mean"), entry.param("sigma_log"), None);
    let params = single_server(poisson(entry.param("lambda_")), service, Span::ZERO);
    let runs = watch_all(|_| params.clone(), 72);
    entry.covers("Wq", &by(&runs, |run| run.mean()));
    let mean = entry.exact("Wq");
    entry.covers("sd_Wq", &by(&runs, |run| run.deviation_from(mean)));
}

#[test]
fn one_runner_with_a_mix_of_services_is_m_h2_1() {
    let entry = Entry::of("M/G/1 hyperexponential H2");
    let p = entry.param("p");
    let mix = Shape::Mix(vec![
        (p, Shape::Exponential(entry.param("mean1"))),
        (1.0 - p, Shape::Exponential(entry.param("mean2"))),
    ]);
    let params = single_server(poisson(entry.param("lambda_")), mix, Span::ZERO);
    let runs = watch_all(|_| params.clone(), 48);
    entry.covers("Wq", &by(&runs, |run| run.mean()));
    let mean = entry.exact("Wq");
    entry.covers("sd_Wq", &by(&runs, |run| run.deviation_from(mean)));
    entry.covers("rho", &by(&runs, |run| run.record.counts.runners_busy));
}
