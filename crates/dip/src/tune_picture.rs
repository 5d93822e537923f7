//! The pictures of a search: how it converged, and what its front trades.

use anyhow::Result;
use kuva::prelude::{Figure, Layout, LinePlot, LineStyle, MarkerShape, Plot, ScatterPlot};
use sim_runner::Progress;
use smc_controllers::Kind;

use crate::picture::{Canvas, save};

/// Dark and light enough to be told apart in grey (Okabe and Ito 2008).
const BEST: &str = "#0072B2";
const MEAN: &str = "#E69F00";
const DIVERSITY: &str = "#009E73";

/// Writes cost (or the volume of the front) and diversity over candidates as SVG.
pub(crate) fn convergence(canvas: Canvas, kind: Kind, history: &[Progress]) -> Result<()> {
    let line = |of: fn(&Progress) -> Option<f64>, colour: &str, style, legend: &str| {
        let points: Vec<(f64, f64)> = history
            .iter()
            .filter_map(|progress| Some((progress.evaluations as f64, of(progress)?)))
            .collect();
        Plot::Line(
            LinePlot::new()
                .with_data(points)
                .with_color(colour)
                .with_line_style(style)
                .with_legend(legend),
        )
    };
    let is_front = history.iter().any(|progress| progress.hypervolume.is_some());
    let costs = if is_front {
        vec![line(|progress| progress.hypervolume, BEST, LineStyle::Solid, "volume")]
    } else {
        vec![
            line(|progress| progress.best_cost, BEST, LineStyle::Solid, "best so far"),
            line(|progress| progress.mean_cost, MEAN, LineStyle::Dashed, "mean of a generation"),
        ]
    };
    let diversity =
        vec![line(|progress| Some(progress.diversity), DIVERSITY, LineStyle::Dotted, "diversity")];
    let label = if is_front { "volume of the front" } else { "cost" };
    let layouts = vec![
        Layout::auto_from_plots(&costs).with_title(kind.name()).with_y_label(label),
        Layout::auto_from_plots(&diversity).with_y_label("diversity").with_x_label("candidates"),
    ];
    let figure = Figure::new(2, 1)
        .with_plots(vec![costs, diversity])
        .with_layouts(layouts)
        .with_cell_size(640.0, 260.0)
        .with_shared_legend();
    save(canvas, figure)
}

/// Pairs of objectives: which is shown over which.
const PANELS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];
const LABELS: [&str; 3] = ["settling time [s]", "∫u²dt [N²·s]", "chattering [N/s]"];

/// Writes the front as SVG, each two objectives over each other, with the named points.
pub(crate) fn front(canvas: Canvas, kind: Kind, points: &[([f64; 3], Vec<&str>)]) -> Result<()> {
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    for (x, y) in PANELS {
        let all: Vec<(f64, f64)> =
            points.iter().map(|(values, _)| (values[x], values[y])).collect();
        let mut panel = vec![Plot::Scatter(
            ScatterPlot::new().with_data(all).with_color(MEAN).with_legend("front").with_size(4.0),
        )];
        let named = points.iter().filter(|(_, names)| !names.is_empty());
        for ((values, names), (colour, marker)) in named.zip(MARKS) {
            let legend = names.join(", ");
            panel.push(Plot::Scatter(
                ScatterPlot::new()
                    .with_data(vec![(values[x], values[y])])
                    .with_color(colour)
                    .with_marker(marker)
                    .with_legend(legend)
                    .with_size(8.0),
            ));
        }
        layouts.push(
            Layout::auto_from_plots(&panel)
                .with_x_label(LABELS[x])
                .with_y_label(LABELS[y])
                .with_ticks(TICKS),
        );
        plots.push(panel);
    }
    let figure = Figure::new(1, PANELS.len())
        .with_title(kind.name())
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(420.0, 360.0)
        .with_shared_legend();
    save(canvas, figure)
}

/// About as many along an axis: more numbers of five digits would run into each other.
const TICKS: usize = 4;

/// Of the named points: there are at most as many as names. They differ in grey by their shapes.
const MARKS: [(&str, MarkerShape); 4] = [
    ("#000000", MarkerShape::Square),
    ("#0072B2", MarkerShape::Circle),
    ("#D55E00", MarkerShape::Triangle),
    ("#009E73", MarkerShape::Diamond),
];
