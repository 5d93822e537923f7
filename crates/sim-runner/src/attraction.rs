//! Regions of attraction: from which angles, at rest, a law brings the pendulum to rest upright.
//!
//! A square of initial angles is cut into cells, and one run begins in the middle of each: a map says what
//! was seen there, and nothing of what is between. All runs of all laws have the same plant and the same
//! noise, those of `dip simulate` with the same seed, so that any point can be run again alone.
//!
//! Knows nothing of pictures and files. Validated by `tests/attraction.rs`.

use core::ops::ControlFlow;

use dip_dynamics::State;
use serde::Serialize;
use smc_controllers::Kind;

use crate::batch::Batch;
use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::outcome::Outcome;
use crate::rules::require;

/// The middles of `points × points` equal cells of the square `|θ1|, |θ2| ≤ range`. Upright is one of them,
/// and with `(θ1, θ2)` also `(−θ1, −θ2)`, to the last bit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Grid {
    range: f64,
    points: u32,
}

impl Grid {
    /// A million runs of each law at most.
    const POINTS_MAX: u32 = 1001;

    /// Half the width of the square in rad, and points along a side.
    ///
    /// # Errors
    /// A range that is not positive, or more than half a turn; a number of points that is even, less than 3
    /// or more than 1001.
    pub fn new(range: f64, points: u32) -> Result<Self, ExperimentError> {
        let keeps = range > 0.0 && range <= core::f64::consts::PI;
        require("range", range, keeps, "greater than 0 and at most pi rad")?;
        let keeps = (3..=Self::POINTS_MAX).contains(&points) && points % 2 == 1;
        require("grid", f64::from(points), keeps, "an odd number from 3 to 1001")?;
        Ok(Self { range, points })
    }

    /// Half the width of the square in rad.
    pub fn range(&self) -> f64 {
        self.range
    }

    /// Points along a side.
    pub fn points(&self) -> u32 {
        self.points
    }

    /// All points.
    pub fn cells(&self) -> u64 {
        u64::from(self.points) * u64::from(self.points)
    }

    /// The width of a cell in rad.
    pub fn cell_width(&self) -> f64 {
        2.0 * self.range / f64::from(self.points)
    }

    /// The angle in rad of the points number `place` along a side.
    pub fn angle(&self, place: u32) -> f64 {
        let from_middle = 2 * i64::from(place) + 1 - i64::from(self.points);
        self.range * from_middle as f64 / f64::from(self.points)
    }

    /// The places along `θ1` and `θ2` of point number `index`: `θ1` comes first.
    fn places(&self, index: u64) -> [u32; 2] {
        let side = u64::from(self.points);
        assert!(index < self.cells(), "{index} is not on a grid of {side}×{side}");
        #[expect(clippy::cast_possible_truncation, reason = "less than the points of a side")]
        [(index % side) as u32, (index / side) as u32]
    }

    /// Point number `index`, at rest with the cart at the origin.
    ///
    /// # Panics
    /// An index that is not on the grid.
    pub fn start(&self, index: u64) -> State {
        let [theta1, theta2] = self.places(index).map(|place| self.angle(place));
        State { theta1, theta2, ..State::UPRIGHT }
    }

    /// How many points `index` is away from upright, along the side where it is more.
    fn ring(&self, index: u64) -> u32 {
        let [first, second] = self.places(index).map(|place| place.abs_diff(self.points / 2));
        first.max(second)
    }
}

/// What was seen from one point of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MapPoint {
    /// The law.
    pub controller: Kind,
    /// Initial angle of rod 1 in rad.
    pub theta1: f64,
    /// Initial angle of rod 2 in rad.
    pub theta2: f64,
    /// How the run ended.
    pub outcome: Outcome,
    /// When that was decided, in s.
    pub time: f64,
    /// When it settled, in s; none if it did not.
    pub settling_time: Option<f64>,
}

/// What was seen of one law from all points, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct AttractionMap {
    /// The law.
    pub name: Kind,
    /// Where it began.
    pub grid: Grid,
    /// What happened.
    pub points: Vec<MapPoint>,
}

/// A map in figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attraction {
    /// The law.
    pub name: Kind,
    /// Runs.
    pub points: u64,
    /// Runs that settled.
    pub settled: u64,
    /// Runs that stayed up without settling.
    pub not_settled: u64,
    /// Runs that fell.
    pub fallen: u64,
    /// Runs of which the cart left the track.
    pub off_track: u64,
    /// Runs that diverged.
    pub diverged: u64,
    /// `settled / points`: the share of the square.
    pub settled_share: f64,
    /// The cells of the runs that settled, in rad².
    pub area: f64,
    /// The largest `r` in rad such that all points with `|θ1|, |θ2| ≤ r` settled; none if upright did not.
    pub square: Option<f64>,
}

impl AttractionMap {
    /// Runs the law `kind` of an experiment from all points of a grid, with plant and noise of `seed`:
    /// those of [`Experiment::scenario`]. `progress` is called after each run. The result does not depend on
    /// the threads.
    ///
    /// # Errors
    /// An experiment that cannot be run.
    pub fn new(
        experiment: &Experiment,
        kind: Kind,
        grid: Grid,
        seed: u64,
        mut progress: impl FnMut(),
    ) -> Result<Self, ExperimentError> {
        let closed_loop = experiment.closed_loop()?;
        let law = experiment.controller(kind)?;
        let scenario = experiment.scenario(seed)?;
        let task = |index| {
            let mut scenario = scenario;
            scenario.start = grid.start(index);
            (law, scenario)
        };
        let mut points = Vec::new();
        let flight = Batch::new(&closed_loop).fly_any(kind, 0..grid.cells(), &task, &mut |flown| {
            let State { theta1, theta2, .. } = grid.start(flown.index);
            points.push(MapPoint {
                controller: kind,
                theta1,
                theta2,
                outcome: flown.run.outcome,
                time: flown.run.time,
                settling_time: flown.metrics.settling_time,
            });
            progress();
            ControlFlow::Continue(())
        });
        let ControlFlow::Continue(()) = flight else {
            unreachable!("nobody ends it");
        };
        Ok(Self { name: kind, grid, points })
    }

    /// The map in figures.
    pub fn attraction(&self) -> Attraction {
        let Self { name, grid, points } = self;
        let count = |outcome| points.iter().filter(|point| point.outcome == outcome).count() as u64;
        let settled = count(Outcome::Settled);
        let settled_share = settled as f64 / grid.cells() as f64;
        let lost = (0..).zip(points).filter(|(_, point)| point.outcome != Outcome::Settled);
        let nearest = lost.map(|(index, _)| grid.ring(index)).min();
        let middle = grid.points / 2;
        let outermost = nearest.map_or(Some(middle), |ring| ring.checked_sub(1));
        Attraction {
            name: *name,
            points: grid.cells(),
            settled,
            not_settled: count(Outcome::NotSettled),
            fallen: count(Outcome::Fallen),
            off_track: count(Outcome::OffTrack),
            diverged: count(Outcome::Diverged),
            settled_share,
            area: settled_share * (2.0 * grid.range).powi(2),
            square: outermost.map(|ring| grid.angle(middle + ring)),
        }
    }
}
