//! Pictures of runs: angles, cart, force and sliding variable over time; phase portraits; what laws remember.
//!
//! Every picture is written as SVG and as PNG of the same name. Validated by `tests/trajectories.rs`.

use std::io::Write;

use anyhow::{Result, anyhow};
use kuva::prelude::{
    Figure, Layout, LinePlot, LineStyle, Plot, PngBackend, ScatterPlot, SvgBackend,
};
use kuva::render::render::Primitive;
use sim_runner::{ClosedLoop, History, Instant, Kept, Observer};
use smc_controllers::{Kind, Remembered};

use crate::embedded::{in_png, in_svg};
use crate::output::Draft;
use crate::results::Results;
use crate::terminal::busy;

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

/// What a panel shows of an instant of a run.
type Value<'a> = &'a dyn Fn(&Shown, &Kept) -> Option<f64>;

/// The instants of a run that a column shows.
type Part = fn(&Shown) -> &History;

/// The right column shows one part in this many of the horizon: the force acts at the beginning.
const BEGINNING: u32 = 10;

/// Instants that the whole run shows at most: about as many as its column is wide.
const INSTANTS: usize = 500;

/// Instants that the beginning shows at most: every one of the default experiment, so that the peaks
/// of the force are there.
const INSTANTS_OF_BEGINNING: usize = 1001;

/// What pictures show of a run. All of its memory is taken at the start.
pub(crate) struct Shown {
    name: &'static str,
    style: usize,
    /// What the law remembers; set when it is built.
    pub(crate) remembered: &'static [Remembered],
    whole: History,
    beginning: History,
    /// When the run ended, in s.
    end: f64,
}

impl Shown {
    /// A run of a law, or of the uncontrolled plant.
    pub(crate) fn new(kind: Option<Kind>, closed_loop: &ClosedLoop) -> Self {
        let periods = closed_loop.periods();
        Self {
            name: kind.map_or("none", Kind::name),
            // A law looks the same whichever others are shown.
            style: kind.map_or(0, |kind| kind as usize),
            remembered: &[],
            whole: History::new(periods + 1, INSTANTS),
            beginning: History::new(periods / u64::from(BEGINNING) + 1, INSTANTS_OF_BEGINNING),
            end: 0.0,
        }
    }

    fn line(&self, points: impl Iterator<Item = (f64, f64)>) -> Plot {
        let (colour, style, width) = &STYLES[self.style];
        Plot::Line(
            LinePlot::new()
                .with_data(points.collect::<Vec<_>>())
                .with_color(*colour)
                .with_line_style(style.clone())
                .with_stroke_width(*width)
                .with_legend(self.name),
        )
    }

    /// The instants of the beginning, and those of the whole run after it.
    fn instants(&self) -> impl Iterator<Item = &Kept> {
        let until = self.beginning.kept().last().map_or(0.0, |kept| kept.t);
        let rest = self.whole.kept().iter().filter(move |kept| kept.t > until);
        self.beginning.kept().iter().chain(rest)
    }
}

impl Observer for Shown {
    fn observe(&mut self, instant: &Instant<'_>) {
        self.whole.observe(instant);
        self.beginning.observe(instant);
        self.end = instant.t;
    }
}

/// Writes angles, cart, force and sliding variable over time.
pub(crate) fn over_time(canvas: Canvas, horizon: f64, shown: &[Shown]) -> Result<()> {
    let panels: [(&str, Value<'_>); 5] = [
        ("θ1 [rad]", &|_, kept| Some(kept.state.theta1)),
        ("θ2 [rad]", &|_, kept| Some(kept.state.theta2)),
        ("x [m]", &|_, kept| Some(kept.state.x)),
        ("u [N]", &|_, kept| Some(kept.u)),
        ("σ [N·s]", &|_, kept| kept.sigma),
    ];
    let panels = panels.map(|(label, value)| (label.to_owned(), value));
    save(canvas, columns(&panels, horizon, shown))
}

/// Writes what the laws remember over time, gains that adapt and integrals, if any of them does.
pub(crate) fn remembered(canvas: Canvas, horizon: f64, shown: &[Shown]) -> Result<()> {
    let mut quantities: Vec<Remembered> = Vec::new();
    for &quantity in shown.iter().flat_map(|run| run.remembered) {
        // Signs and flags are no gains.
        if quantity.unit != "1" && !quantities.contains(&quantity) {
            quantities.push(quantity);
        }
    }
    if quantities.is_empty() {
        return Ok(());
    }
    let values: Vec<_> = quantities
        .iter()
        .map(|&quantity| {
            move |run: &Shown, kept: &Kept| {
                let place = run.remembered.iter().position(|&of| of == quantity)?;
                Some(kept.remembered[place])
            }
        })
        .collect();
    let panels: Vec<(String, Value<'_>)> = quantities
        .iter()
        .zip(&values)
        .map(|(of, value)| (format!("{} [{}]", of.symbol, of.unit), value as Value<'_>))
        .collect();
    save(canvas, columns(&panels, horizon, shown))
}

/// A wider axis for one that is so narrow that the numbers at its ticks, of five digits, would be one and
/// the same.
fn widened((low, high): (f64, f64)) -> Option<(f64, f64)> {
    let least = 0.01 * low.abs().max(high.abs());
    let middle = low.midpoint(high);
    (high - low < least).then_some((middle - least / 2.0, middle + least / 2.0))
}

/// Panels above each other: the whole run on the left, its beginning on the right.
fn columns(panels: &[(String, Value<'_>)], horizon: f64, shown: &[Shown]) -> Figure {
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    // Where every run has ended before the horizon there is nothing to see up to it.
    let end = shown.iter().map(|run| run.end).fold(0.0, f64::max);
    let beginning = (horizon / f64::from(BEGINNING)).min(end);
    for (row, (label, value)) in panels.iter().enumerate() {
        let of: [(f64, Part); 2] = [(end, |run| &run.whole), (beginning, |run| &run.beginning)];
        for (until, history) in of {
            let line = |run: &Shown| {
                let kept = history(run).kept().iter();
                run.line(kept.filter_map(|kept| Some((kept.t, value(run, kept)?))))
            };
            // A law that has nothing to show has no line, and no place in the legend.
            let has_any = |run: &&Shown| {
                run.whole.kept().first().is_none_or(|kept| value(run, kept).is_some())
            };
            let lines: Vec<Plot> = shown.iter().filter(has_any).map(line).collect();
            let mut layout = Layout::auto_from_plots(&lines)
                .with_y_label(label)
                .with_x_axis_max(until)
                .with_force_margins(90.0, 20.0);
            if let Some((low, high)) = widened(layout.y_range) {
                layout = layout.with_y_axis_min(low).with_y_axis_max(high);
            }
            if row + 1 == panels.len() {
                layout = layout.with_x_label("t [s]");
            }
            plots.push(lines);
            layouts.push(layout);
        }
    }
    Figure::new(panels.len(), 2)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(560.0, 190.0)
        .with_shared_legend()
}

/// Writes the phase portraits of both angles. A circle is where a run starts.
pub(crate) fn phase(canvas: Canvas, shown: &[Shown]) -> Result<()> {
    // A dot above a letter is not in the reach of every font.
    type Point = fn(&Kept) -> (f64, f64);
    let panels: [(&str, &str, Point); 2] = [
        ("θ1 [rad]", "dθ1/dt [rad/s]", |kept| (kept.state.theta1, kept.state.theta1_dot)),
        ("θ2 [rad]", "dθ2/dt [rad/s]", |kept| (kept.state.theta2, kept.state.theta2_dot)),
    ];
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    for (angle, rate, point) in panels {
        let mut panel: Vec<Plot> =
            shown.iter().map(|run| run.line(run.instants().map(point))).collect();
        let starts = shown.iter().filter_map(|run| run.instants().next().map(point));
        panel.push(Plot::Scatter(
            ScatterPlot::new()
                .with_data(starts.collect::<Vec<_>>())
                .with_color("#000000")
                .with_size(4.0),
        ));
        layouts.push(
            Layout::auto_from_plots(&panel)
                .with_x_label(angle)
                .with_y_label(rate)
                .with_force_margins(90.0, 20.0),
        );
        plots.push(panel);
    }
    let figure = Figure::new(1, 2)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(560.0, 420.0)
        .with_shared_legend();
    save(canvas, figure)
}

/// Where a picture goes: as SVG, and as PNG beside it.
#[derive(Debug)]
pub(crate) struct Canvas {
    svg: Draft,
    png: Draft,
    /// What both say about where they come from.
    origin: String,
}

impl Canvas {
    /// Begins both files of this name.
    pub(crate) fn begin(results: &Results, name: &str) -> Result<Self> {
        let begin = |ending: &str| results.begin(&format!("{name}.{ending}"));
        let origin = serde_json::to_string(results.origin())?;
        Ok(Self { svg: begin("svg")?, png: begin("png")?, origin })
    }
}

/// Writes a figure.
pub(crate) fn save(canvas: Canvas, figure: Figure) -> Result<()> {
    let _busy = busy("drawing");
    let mut scene = figure.render();
    let svg = SvgBackend::new().render_scene(&scene);
    scene.elements = scene.elements.into_iter().flat_map(dashes).collect();
    let png = PngBackend::new()
        .render_scene(&scene)
        .map_err(|error| anyhow!("cannot draw the picture as PNG: {error}"))?;
    let Canvas { svg: svg_file, png: png_file, origin } = canvas;
    svg_file.finish_text(&in_svg(&svg, &origin))?;
    let png = in_png(&png, &origin)?;
    png_file.finish(|file| Ok(file.write_all(&png)?))
}

/// A dashed line as its dashes; anything else as it is. The rasteriser would begin the pattern anew at each point.
fn dashes(primitive: Primitive) -> Vec<Primitive> {
    let Primitive::PolyLine { points, stroke, stroke_width, stroke_dasharray: Some(pattern) } =
        primitive
    else {
        return vec![primitive];
    };
    let lengths = pattern.split([',', ' ']).filter_map(|length| length.parse().ok());
    let pieces = cut(&points, &lengths.collect::<Vec<f64>>());
    let solid = |points| Primitive::PolyLine {
        points,
        stroke: stroke.clone(),
        stroke_width,
        stroke_dasharray: None,
    };
    pieces.into_iter().map(solid).collect()
}

/// The pieces of a line that are drawn, when dashes and gaps of these lengths take turns along it.
fn cut(points: &[(f64, f64)], lengths: &[f64]) -> Vec<Vec<(f64, f64)>> {
    assert!(lengths.iter().sum::<f64>() > 0.0, "a pattern has a length");
    let mut pieces = Vec::new();
    let mut piece: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    let (mut turn, mut left) = (0, lengths[0]);
    for pair in points.windows(2) {
        let [(mut x, mut y), (to_x, to_y)] = [pair[0], pair[1]];
        let mut distance = (to_x - x).hypot(to_y - y);
        while distance > left {
            (x, y) = (x + (to_x - x) * left / distance, y + (to_y - y) * left / distance);
            distance -= left;
            piece.push((x, y));
            if turn % 2 == 0 {
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![(x, y)];
            }
            turn += 1;
            left = lengths[turn % lengths.len()];
        }
        left -= distance;
        piece.push((to_x, to_y));
    }
    if turn % 2 == 0 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{cut, widened};

    #[test]
    fn an_axis_is_wide_enough_for_the_numbers_at_its_ticks() {
        let (low, high) = widened((84.3303, 84.3312)).unwrap();
        assert!(low < 84.0 && high > 84.7, "{low} {high}");
        for wide in [(84.0, 85.0), (-1.0, 1.0), (0.0, 1e-9), (0.0, 0.0)] {
            assert_eq!(widened(wide), None, "{wide:?}");
        }
    }

    /// A corner of two sides of 5, dashes of 3 and gaps of 1: the pattern goes on around the corner.
    #[test]
    fn dashes_go_around_corners_and_do_not_begin_anew_at_points() {
        let corner = [(0.0, 0.0), (5.0, 0.0), (5.0, 5.0)];
        let expected = [
            vec![(0.0, 0.0), (3.0, 0.0)],
            vec![(4.0, 0.0), (5.0, 0.0), (5.0, 2.0)],
            vec![(5.0, 3.0), (5.0, 5.0)],
        ];
        assert_eq!(cut(&corner, &[3.0, 1.0]), expected);
        // Points on the way change nothing of where the dashes are.
        let many: Vec<(f64, f64)> = (0..=100).map(|place| (f64::from(place) / 10.0, 0.0)).collect();
        let ends: Vec<f64> = cut(&many, &[3.0, 1.0])
            .iter()
            .flat_map(|piece| [piece[0].0, piece[piece.len() - 1].0])
            .collect();
        for (end, expected) in ends.iter().zip([0.0, 3.0, 4.0, 7.0, 8.0, 10.0]) {
            assert!((end - expected).abs() < 1e-9, "{ends:?}");
        }
    }
}
