//! The picture of regions of attraction: a map for each law, all to the same scale.
//!
//! What happened is told by four colours that differ in lightness, so that the picture can be read in grey;
//! the edge of the LQR's region is drawn over the maps of the others.

use anyhow::Result;
use kuva::prelude::{BandPlot, Figure, Layout, LegendEntry, LegendShape, LinePlot, Plot};
use sim_runner::{AttractionMap, Outcome};

use crate::picture::{Canvas, save};

/// A colour that the colour-blind can tell from the others (Okabe and Ito 2008, and greys), and what it means.
struct Shade {
    colour: &'static str,
    meaning: &'static str,
}

/// From dark to light.
const DIVERGED: Shade = Shade { colour: "#000000", meaning: "diverged" };
const SETTLED: Shade = Shade { colour: "#0072B2", meaning: "settled" };
const UP: Shade = Shade { colour: "#E69F00", meaning: "up, not settled" };
const LOST: Shade = Shade { colour: "#EEEEEE", meaning: "fallen or off track" };

const fn shade(outcome: Outcome) -> Shade {
    match outcome {
        Outcome::Settled => SETTLED,
        Outcome::NotSettled => UP,
        Outcome::Fallen | Outcome::OffTrack => LOST,
        Outcome::Diverged => DIVERGED,
    }
}

/// The edge of the LQR's region.
const EDGE: &str = "#000000";

/// Maps beside each other.
const COLUMNS: usize = 4;

/// Writes the maps as SVG: that of the LQR is the first.
pub(crate) fn write(canvas: Canvas, maps: &[AttractionMap]) -> Result<()> {
    let columns = maps.len().min(COLUMNS);
    let rows = maps.len().div_ceil(columns);
    let edge = maps.first().map_or(Vec::new(), edge);
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    for (place, map) in maps.iter().enumerate() {
        let mut panel = areas(map);
        panel.extend(edge.iter().map(|&[from, to]| line(from, to)));
        let range = map.grid.range();
        let mut layout = Layout::auto_from_plots(&panel)
            .with_title(map.name.name())
            .with_x_axis_min(-range)
            .with_x_axis_max(range)
            .with_y_axis_min(-range)
            .with_y_axis_max(range)
            .with_show_grid(false);
        if place % columns == 0 {
            layout = layout.with_y_label("θ2 [rad]");
        }
        if place + columns >= maps.len() {
            layout = layout.with_x_label("θ1 [rad]");
        }
        plots.push(panel);
        layouts.push(layout);
    }
    let figure = Figure::new(rows, columns)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(300.0, 300.0)
        .with_shared_legend_entries(legend(maps))
        .with_shared_legend_bottom();
    save(canvas, figure)
}

/// Of all that can be seen.
fn legend(maps: &[AttractionMap]) -> Vec<LegendEntry> {
    let seen = |colour| {
        maps.iter().flat_map(|map| &map.points).any(|point| shade(point.outcome).colour == colour)
    };
    let area = |Shade { colour, meaning }| LegendEntry {
        label: meaning.into(),
        color: colour.into(),
        shape: LegendShape::Rect,
        dasharray: None,
    };
    let shades = [SETTLED, UP, LOST, DIVERGED];
    let mut entries: Vec<LegendEntry> =
        shades.into_iter().filter(|shade| seen(shade.colour)).map(area).collect();
    entries.push(LegendEntry {
        label: "edge of the LQR's".into(),
        color: EDGE.into(),
        shape: LegendShape::Line,
        dasharray: None,
    });
    entries
}

/// Neighbours along `θ1` that ended alike are one rectangle. Each is a little taller than its cells, so that
/// no light falls between it and the next row, which is drawn over it.
fn areas(map: &AttractionMap) -> Vec<Plot> {
    let half = 0.5 * map.grid.cell_width();
    let side = map.grid.points() as usize;
    let rows = map.points.chunks_exact(side);
    rows.flat_map(|row| row.chunk_by(|one, other| alike(one.outcome, other.outcome)))
        .map(|run| {
            let (first, last) = (&run[0], &run[run.len() - 1]);
            let x = [first.theta1 - half, last.theta1 + half];
            let top = (first.theta2 + 1.2 * half).min(map.grid.range());
            Plot::Band(
                BandPlot::new(x, [first.theta2 - half; 2], [top; 2])
                    .with_color(shade(first.outcome).colour)
                    .with_opacity(1.0),
            )
        })
        .collect()
}

fn alike(one: Outcome, other: Outcome) -> bool {
    shade(one).colour == shade(other).colour
}

type Point = (f64, f64);

/// The sides of cells between what settled and what did not; those in line are one.
fn edge(map: &AttractionMap) -> Vec<[Point; 2]> {
    let grid = map.grid;
    let side = grid.points() as usize;
    let half = 0.5 * grid.cell_width();
    let settled = |along: usize, across: usize, swapped: bool| {
        let index = if swapped { along * side + across } else { across * side + along };
        map.points[index].outcome == Outcome::Settled
    };
    let angles: Vec<f64> = (0..grid.points()).map(|place| grid.angle(place)).collect();
    let mut edges = Vec::new();
    for swapped in [false, true] {
        for across in 1..side {
            let at = angles[across] - half;
            let places: Vec<usize> = (0..side).collect();
            let parts = |&along: &usize| {
                settled(along, across - 1, swapped) != settled(along, across, swapped)
            };
            for run in places.chunk_by(|one, other| parts(one) == parts(other)) {
                if parts(&run[0]) {
                    let ends = [angles[run[0]] - half, angles[run[run.len() - 1]] + half];
                    edges.push(ends.map(|end| if swapped { (at, end) } else { (end, at) }));
                }
            }
        }
    }
    edges
}

fn line(from: Point, to: Point) -> Plot {
    let line = LinePlot::new().with_data(vec![from, to]).with_color(EDGE).with_stroke_width(1.2);
    Plot::Line(line)
}

#[cfg(test)]
mod tests {
    use sim_runner::{AttractionMap, Grid, MapPoint, Outcome};
    use smc_controllers::Kind;

    use super::edge;

    /// Three by three, of which upright and its right neighbour settle.
    #[test]
    fn the_edge_is_around_what_settled() {
        let grid = Grid::new(1.5, 3).unwrap();
        let points = (0..grid.cells())
            .map(|index| {
                let start = grid.start(index);
                let settles = start.theta2 == 0.0 && start.theta1 >= 0.0;
                MapPoint {
                    controller: Kind::Lqr,
                    theta1: start.theta1,
                    theta2: start.theta2,
                    outcome: if settles { Outcome::Settled } else { Outcome::Fallen },
                    time: 1.0,
                    settling_time: settles.then_some(1.0),
                }
            })
            .collect();
        let map = AttractionMap { name: Kind::Lqr, grid, points };
        let below = [(-0.5, -0.5), (1.5, -0.5)];
        let above = [(-0.5, 0.5), (1.5, 0.5)];
        let left = [(-0.5, -0.5), (-0.5, 0.5)];
        assert_eq!(edge(&map), [below, above, left]);
    }
}
