//! The picture of a comparison: angles, cart, force and sliding variable over time.

use anyhow::Result;
use kuva::prelude::{Figure, Layout, LinePlot, LineStyle, Plot, SvgBackend};
use sim_runner::{ClosedLoop, History, Kept};
use smc_controllers::Kind;

use crate::output::Draft;

/// Colours that the colour-blind can tell apart (Okabe and Ito 2008), and a line each that differs
/// in style or weight, so that the picture can be read in grey.
const STYLES: [(&str, LineStyle, f64); Kind::ALL.len()] = [
    ("#0072B2", LineStyle::Solid, 1.5),
    ("#D55E00", LineStyle::Dashed, 1.5),
    ("#009E73", LineStyle::DashDot, 1.5),
    ("#CC79A7", LineStyle::Dotted, 1.5),
    ("#56B4E9", LineStyle::Solid, 1.0),
    ("#E69F00", LineStyle::Dashed, 1.0),
    ("#AAAAAA", LineStyle::Solid, 2.5),
    ("#777777", LineStyle::Dotted, 2.5),
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

/// The right column shows one part in this many of the horizon: the force acts at the beginning.
const BEGINNING: u32 = 10;

/// Instants that the whole run shows at most: about as many as its column is wide.
const INSTANTS: usize = 500;

/// Instants that the beginning shows at most: every one of the default experiment, so that the peaks
/// of the force are there.
const INSTANTS_OF_BEGINNING: usize = 1001;

/// What the two columns show of a run: all of it, and its beginning.
pub(crate) fn histories(closed_loop: &ClosedLoop) -> [History; 2] {
    let periods = closed_loop.periods();
    [
        History::new(periods + 1, INSTANTS),
        History::new(periods / u64::from(BEGINNING) + 1, INSTANTS_OF_BEGINNING),
    ]
}

/// Writes the picture as SVG: the whole run on the left, its beginning on the right.
pub(crate) fn write(draft: Draft, horizon: f64, shown: &[(Kind, [History; 2])]) -> Result<()> {
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    for (row, panel) in PANELS.iter().enumerate() {
        for (column, until) in [horizon, horizon / f64::from(BEGINNING)].into_iter().enumerate() {
            let lines = lines(panel, shown, column);
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
    let figure = Figure::new(PANELS.len(), 2)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(560.0, 190.0)
        .with_shared_legend();
    save(draft, figure)
}

/// Writes a figure as SVG.
pub(crate) fn save(draft: Draft, figure: Figure) -> Result<()> {
    let svg = SvgBackend::new().render_scene(&figure.render());
    draft.finish_text(&svg)
}

fn lines((_, show): &Panel, shown: &[(Kind, [History; 2])], column: usize) -> Vec<Plot> {
    shown
        .iter()
        .map(|(kind, histories)| {
            // A law looks the same whichever others are shown.
            let (colour, style, width) = &STYLES[*kind as usize];
            let kept = histories[column].kept().iter();
            let points: Vec<(f64, f64)> =
                kept.filter_map(|kept| Some((kept.t, show(kept)?))).collect();
            Plot::Line(
                LinePlot::new()
                    .with_data(points)
                    .with_color(*colour)
                    .with_line_style(style.clone())
                    .with_stroke_width(*width)
                    .with_legend(kind.name()),
            )
        })
        .collect()
}
