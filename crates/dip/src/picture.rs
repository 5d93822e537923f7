//! The picture of a comparison: angles, cart, force and sliding variable over time.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use kuva::prelude::{Figure, Layout, LinePlot, LineStyle, Plot, SvgBackend};
use sim_runner::{History, Kept};
use smc_controllers::Kind;

/// Colours that the colour-blind can tell apart (Okabe and Ito 2008), with a line style each, so
/// that the picture can be read in grey.
const STYLES: [(&str, LineStyle); 5] = [
    ("#0072B2", LineStyle::Solid),
    ("#D55E00", LineStyle::Dashed),
    ("#009E73", LineStyle::DashDot),
    ("#CC79A7", LineStyle::Dotted),
    ("#000000", LineStyle::Solid),
];

/// A panel: its label, and what it shows of an instant.
type Panel = (&'static str, fn(&Kept) -> Option<f64>);

const PANELS: [Panel; 5] = [
    ("θ1 [rad]", |kept| Some(kept.state.theta1)),
    ("θ2 [rad]", |kept| Some(kept.state.theta2)),
    ("x [m]", |kept| Some(kept.state.x)),
    ("u [N]", |kept| Some(kept.u)),
    ("σ [N·s]", |kept| kept.sigma),
];

/// The share of the horizon that the right column shows: the force acts at the beginning.
const BEGINNING: f64 = 0.1;

/// Writes the picture as SVG: the whole run on the left, its beginning on the right.
pub(crate) fn write(path: &Path, horizon: f64, histories: &[(Kind, History)]) -> Result<()> {
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    for (row, panel) in PANELS.iter().enumerate() {
        for until in [horizon, BEGINNING * horizon] {
            let lines = lines(panel, histories, until);
            let mut layout = Layout::auto_from_plots(&lines)
                .with_y_label(panel.0)
                .with_x_axis_max(until)
                .with_force_margins(90.0, 20.0);
            if row + 1 == PANELS.len() {
                layout = layout.with_x_label("t [s]");
            }
            plots.push(lines);
            layouts.push(layout);
        }
    }
    let scene = Figure::new(PANELS.len(), 2)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(560.0, 190.0)
        .with_shared_legend()
        .render();
    let svg = SvgBackend::new().render_scene(&scene);
    crate::output::write(path, |file| Ok(file.write_all(svg.as_bytes())?))
}

fn lines((_, show): &Panel, histories: &[(Kind, History)], until: f64) -> Vec<Plot> {
    histories
        .iter()
        .zip(STYLES)
        .map(|((kind, history), (colour, style))| {
            let shown = history.kept().iter().take_while(|kept| kept.t <= until);
            let points: Vec<(f64, f64)> =
                shown.filter_map(|kept| Some((kept.t, show(kept)?))).collect();
            Plot::Line(
                LinePlot::new()
                    .with_data(points)
                    .with_color(colour)
                    .with_line_style(style)
                    .with_stroke_width(1.5)
                    .with_legend(kind.name()),
            )
        })
        .collect()
}
