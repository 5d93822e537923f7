//! CMA-ES: a normal distribution that learns mean, step size and covariance from the ranks of what it
//! drew.
//!
//! Own, because the published crate owns the objective: no ask and tell, and so no batches, no counted
//! failures, no checkpoints.
//!
//! The search is done in the unit cube, whose walls are mirrors: the landscape continues beyond them as
//! its own image, so that nothing is rejected and no penalty has to be weighed.
//!
//! Source: Hansen, The CMA Evolution Strategy: A Tutorial, arXiv:1604.00772 (2016); numbers of equations
//! are its. Differs: no negative weights; a restart keeps the number of candidates.
//! Validated by `tests/suite/every_optimiser.rs` and `tests/suite/quality.rs`.

mod eigen;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{
    Bounds, Error, Optimiser, Tally, dice, error, record::Record, stagnation::Stagnation,
    swarm::settings::MOST_CANDIDATES, walls,
};

/// How wide a [`CmaEs`] begins and how many candidates it draws.
///
/// Plain data; absent fields take their defaults, unknown ones are refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CmaEsSettings {
    /// Candidates per generation, λ, from 4 to a million. More make rugged functions easier. Default
    /// none, which stands for `4 + ⌊3·ln n⌋` (48).
    pub candidates: Option<usize>,
    /// First standard deviation as a fraction of each range, in `(0, 1]`. Default 0.3.
    pub step: f64,
}

impl Default for CmaEsSettings {
    fn default() -> Self {
        Self { candidates: None, step: 0.3 }
    }
}

/// Covariance matrix adaptation evolution strategy.
///
/// It begins anew from a random place when its distribution has collapsed, degenerated or stagnated;
/// the best that was found stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CmaEs {
    bounds: Bounds,
    settings: CmaEsSettings,
    rates: Rates,
    positions: Vec<Vec<f64>>,
    /// Steps of the candidates from the mean, in units of σ.
    steps: Vec<Vec<f64>>,
    dice: Vec<ChaCha8Rng>,
    /// Draws the places at which it begins.
    starts: ChaCha8Rng,
    distribution: Distribution,
    /// Candidates of a generation by cost, the feasible ones only.
    ranking: Vec<(f64, usize)>,
    record: Record,
    stagnation: Stagnation,
}

/// Weights and rates of learning, (49) to (58); functions of dimension and λ alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rates {
    weights: Vec<f64>,
    mu_eff: f64,
    c_sigma: f64,
    d_sigma: f64,
    c_c: f64,
    c_1: f64,
    c_mu: f64,
    /// Expected length of a standard normal vector.
    chi: f64,
    /// Generations from one decomposition of the covariance to the next (B.2).
    lazy: u64,
}

impl Rates {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of generations is rounded down, and small"
    )]
    fn new(dimension: usize, candidates: usize) -> Self {
        let (n, mu) = (dimension as f64, candidates / 2);
        let raw = |i: usize| libm::log(1.0_f64.midpoint(candidates as f64)) - libm::log(i as f64);
        let sum: f64 = (1..=mu).map(raw).sum();
        let weights: Vec<f64> = (1..=mu).map(|i| raw(i) / sum).collect();
        let mu_eff = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();

        let c_sigma = (mu_eff + 2.0) / (n + mu_eff + 5.0);
        let excess = (((mu_eff - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0);
        let c_1 = 2.0 / ((n + 1.3) * (n + 1.3) + mu_eff);
        let c_mu = 2.0 * (mu_eff - 2.0 + 1.0 / mu_eff) / ((n + 2.0) * (n + 2.0) + mu_eff);
        let c_mu = c_mu.min(1.0 - c_1);
        Self {
            mu_eff,
            c_sigma,
            d_sigma: 1.0 + 2.0 * excess + c_sigma,
            c_c: (4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n),
            c_1,
            c_mu,
            chi: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
            lazy: ((1.0 / ((c_1 + c_mu) * n * 10.0)) as u64).max(1),
            weights,
        }
    }
}

/// `N(mean, σ²·C)` with `C = B·D²·Bᵀ`, and the paths of its evolution. Matrices are in rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Distribution {
    generation: u64,
    mean: Vec<f64>,
    sigma: f64,
    covariance: Vec<f64>,
    /// Bᵀ: the axes as rows.
    axes: Vec<f64>,
    /// D: the lengths of the axes.
    lengths: Vec<f64>,
    path_sigma: Vec<f64>,
    path_c: Vec<f64>,
    /// Memory for a decomposition, and for a step of the mean.
    scratch: Vec<f64>,
    weighted: Vec<f64>,
}

impl Distribution {
    fn new(dimension: usize) -> Self {
        let (vector, matrix) = (vec![0.0; dimension], vec![0.0; dimension * dimension]);
        Self {
            generation: 0,
            mean: vector.clone(),
            sigma: 0.0,
            covariance: matrix.clone(),
            axes: matrix.clone(),
            lengths: vector.clone(),
            path_sigma: vector.clone(),
            path_c: vector.clone(),
            scratch: matrix,
            weighted: vector,
        }
    }

    /// Round, of width `sigma`; the mean is the caller's to set.
    fn begin(&mut self, sigma: f64) {
        let n = self.mean.len();
        self.generation = 0;
        self.sigma = sigma;
        for matrix in [&mut self.covariance, &mut self.axes] {
            matrix.fill(0.0);
            (0..n).for_each(|i| matrix[i * n + i] = 1.0);
        }
        self.lengths.fill(1.0);
        self.path_sigma.fill(0.0);
        self.path_c.fill(0.0);
    }

    /// `y = B·D·z`, `z ~ N(0, 1)` (39).
    fn draw(&mut self, rng: &mut ChaCha8Rng, step: &mut [f64]) {
        step.fill(0.0);
        for (axis, length) in self.axes.chunks_exact(self.mean.len()).zip(&self.lengths) {
            add(step, length * dice::normal(rng), axis);
        }
    }

    /// Learns from the best steps of a generation, best first: at most as many as there are weights.
    fn learn<'a>(&mut self, rates: &Rates, best: impl Iterator<Item = &'a [f64]> + Clone) {
        let n = self.mean.len();
        let Rates { mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi, .. } = *rates;
        // Fewer feasible candidates than weights share the whole weight.
        let whole: f64 = best.clone().zip(&rates.weights).map(|(_, w)| w).sum();
        let weighted = best.zip(&rates.weights).map(|(y, w)| (y, w / whole));

        // Mean (41, 42).
        self.weighted.fill(0.0);
        for (y, w) in weighted.clone() {
            add(&mut self.weighted, w, y);
        }
        add(&mut self.mean, self.sigma, &self.weighted);

        // Step size (43, 44), with C^(−1/2) = B·D⁻¹·Bᵀ.
        let gain = (c_sigma * (2.0 - c_sigma) * mu_eff).sqrt();
        self.path_sigma.iter_mut().for_each(|p| *p *= 1.0 - c_sigma);
        for (axis, length) in self.axes.chunks_exact(n).zip(&self.lengths) {
            add(&mut self.path_sigma, gain * dot(axis, &self.weighted) / length, axis);
        }
        let length = dot(&self.path_sigma, &self.path_sigma).sqrt();
        self.sigma *= libm::exp(c_sigma / d_sigma * (length / chi - 1.0));
        self.generation += 1;

        // Covariance (45, 47), whose path stalls while the step size still has to grow.
        let so_far = 1.0 - libm::pow(1.0 - c_sigma, 2.0 * self.generation as f64);
        let stalled = length / so_far.sqrt() >= (1.4 + 2.0 / (n as f64 + 1.0)) * chi;
        let gain = if stalled { 0.0 } else { (c_c * (2.0 - c_c) * mu_eff).sqrt() };
        self.path_c.iter_mut().for_each(|p| *p *= 1.0 - c_c);
        add(&mut self.path_c, gain, &self.weighted);
        let lost = if stalled { c_1 * c_c * (2.0 - c_c) } else { 0.0 };
        self.covariance.iter_mut().for_each(|c| *c *= 1.0 + lost - c_1 - c_mu);
        add_outer(&mut self.covariance, c_1, &self.path_c);
        for (y, w) in weighted {
            add_outer(&mut self.covariance, c_mu * w, y);
        }
        if self.generation.is_multiple_of(rates.lazy) {
            self.decompose();
        }
    }

    fn decompose(&mut self) {
        let n = self.mean.len();
        self.scratch.copy_from_slice(&self.covariance);
        eigen::diagonalise(&mut self.scratch, &mut self.axes, n);
        for (i, length) in self.lengths.iter_mut().enumerate() {
            *length = self.scratch[i * n + i].max(0.0).sqrt();
        }
    }

    /// Whether there is nothing left to learn (B.3): all is narrower than rounding, wider than any
    /// landscape, or so flat that rounding decides.
    fn is_spent(&self) -> bool {
        let longest = self.lengths.iter().copied().fold(0.0, f64::max);
        let shortest = self.lengths.iter().copied().fold(f64::INFINITY, f64::min);
        let widest = self.sigma * longest;
        // Asked for what is sound: whatever is not a number is spent, too.
        let sound = (1e-12..=1e4).contains(&widest) && shortest * 1e7 >= longest;
        !sound
    }
}

/// λ = 4 + ⌊3·ln n⌋ (48).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the floor of a small number that is not negative"
)]
fn usual_candidates(dimension: usize) -> usize {
    4 + (3.0 * libm::log(dimension as f64)) as usize
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `sum += factor·v`.
fn add(sum: &mut [f64], factor: f64, v: &[f64]) {
    sum.iter_mut().zip(v).for_each(|(sum, v)| *sum += factor * v);
}

/// `matrix += factor·v·vᵀ`, symmetric to the last bit.
fn add_outer(matrix: &mut [f64], factor: f64, v: &[f64]) {
    for (row, x) in matrix.chunks_exact_mut(v.len()).zip(v) {
        row.iter_mut().zip(v).for_each(|(c, y)| *c += factor * (x * y));
    }
}

impl CmaEs {
    /// A search that begins anywhere in `bounds`.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for the first field of `settings` that breaks its rule.
    pub fn new(bounds: Bounds, settings: CmaEsSettings, seed: u64) -> Result<Self, Error> {
        Self::starting_at(bounds, settings, seed, &[])
    }

    /// As [`CmaEs::new`], but it begins around the first of the given `points`, and all of them are
    /// evaluated in the first generation, exactly as given.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] as for [`CmaEs::new`]; [`Error::TooManyPoints`],
    /// [`Error::PointDimension`] or [`Error::PointOutside`] for points that no candidate can have.
    pub fn starting_at(
        bounds: Bounds,
        settings: CmaEsSettings,
        seed: u64,
        points: &[Vec<f64>],
    ) -> Result<Self, Error> {
        let n = bounds.dimension();
        let candidates = settings.candidates.unwrap_or_else(|| usual_candidates(n));
        let rule = "at least 4 and at most 1000000";
        let holds = (4..=MOST_CANDIDATES).contains(&candidates);
        error::check(&[
            ("candidates", candidates as f64, holds, rule),
            (
                "step",
                settings.step,
                settings.step > 0.0 && settings.step <= 1.0,
                "above 0 and at most 1",
            ),
        ])?;
        bounds.check_points(points, candidates)?;
        let mut search = Self {
            rates: Rates::new(n, candidates),
            positions: vec![vec![0.0; n]; candidates],
            steps: vec![vec![0.0; n]; candidates],
            dice: dice::streams(seed, candidates),
            starts: dice::stream(seed, dice::OF_ALL),
            distribution: Distribution::new(n),
            ranking: Vec::with_capacity(candidates),
            record: Record::new(n),
            stagnation: Stagnation::default(),
            bounds,
            settings,
        };
        search.begin();
        if let Some(first) = points.first() {
            search.distribution.mean = search.in_cube(first);
        }
        search.draw();
        for (index, point) in points.iter().enumerate() {
            let Distribution { mean, sigma, .. } = &search.distribution;
            let step = |(x, m): (f64, &f64)| (x - m) / sigma;
            search.steps[index] = search.in_cube(point).into_iter().zip(mean).map(step).collect();
            search.positions[index].copy_from_slice(point);
        }
        Ok(search)
    }

    fn in_cube(&self, point: &[f64]) -> Vec<f64> {
        let share = |(x, &(lower, upper)): (&f64, &(f64, f64))| (x - lower) / (upper - lower);
        point.iter().zip(self.bounds.limits()).map(share).collect()
    }

    fn begin(&mut self) {
        self.stagnation = Stagnation::default();
        self.distribution.begin(self.settings.step);
        let starts = &mut self.starts;
        self.distribution.mean.iter_mut().for_each(|m| *m = dice::unit(starts));
    }

    fn draw(&mut self) {
        let Self { bounds, positions, steps, dice, distribution, .. } = self;
        for ((position, step), rng) in positions.iter_mut().zip(steps).zip(dice) {
            distribution.draw(rng, step);
            for (d, &(lower, upper)) in bounds.limits().iter().enumerate() {
                let place = distribution.mean[d] + distribution.sigma * step[d];
                let share = walls::mirror(place, (0.0, 1.0));
                position[d] = (lower + share * (upper - lower)).clamp(lower, upper);
            }
        }
    }
}

impl Optimiser for CmaEs {
    type Cost = f64;

    fn name(&self) -> &'static str {
        "CMA-ES"
    }

    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn ask(&self) -> &[Vec<f64>] {
        &self.positions
    }

    /// A generation without a feasible candidate teaches nothing: it begins anew elsewhere.
    fn tell(&mut self, costs: &[f64]) {
        assert_eq!(costs.len(), self.positions.len(), "one cost per candidate");
        self.ranking.clear();
        for (index, (position, &cost)) in self.positions.iter().zip(costs).enumerate() {
            let cost = self.record.judge(position, cost);
            self.ranking.extend(cost.map(|cost| (cost, index)));
        }
        self.record.tally.generations += 1;
        self.ranking.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));

        self.stagnation.observe(self.ranking.first().map(|&(cost, _)| cost));
        let best = self.ranking.iter().map(|&(_, index)| self.steps[index].as_slice());
        self.distribution.learn(&self.rates, best);
        // The limit of Hansen (2009, BBOB), counted on the best of all generations since the start.
        let patience = 120 + 30 * self.bounds.dimension() as u64 / self.positions.len() as u64;
        if self.ranking.is_empty()
            || self.distribution.is_spent()
            || self.stagnation.generations() >= patience
        {
            self.begin();
        }
        self.draw();
    }

    fn infeasible_cost(&self) -> f64 {
        f64::NAN
    }

    fn tally(&self) -> Tally {
        self.record.tally
    }

    fn best(&self) -> Option<(f64, &[f64])> {
        self.record.best()
    }
}
