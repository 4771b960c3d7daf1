//! Line plots as SVG. Colours are those of the page, by class.

use super::format::number;
use super::html::escape;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 38.0;
/// The colours that the page has.
pub(super) const COLORS: usize = 8;

/// A plot whose values are drawn by their logarithm.
pub(super) struct Plot {
    pub(super) title: String,
    pub(super) x_label: &'static str,
    pub(super) y_label: &'static str,
    /// Where the x axis is marked: place and text.
    pub(super) x_ticks: Vec<(f64, String)>,
    pub(super) series: Vec<Series>,
}

/// A line.
pub(super) struct Series {
    pub(super) name: String,
    /// Which colour it has.
    pub(super) color: usize,
    pub(super) points: Vec<Point>,
}

/// A value and, where there is one, its interval.
#[derive(Clone, Copy)]
pub(super) struct Point {
    /// Along the axis, as far as the ticks are.
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) interval: Option<[f64; 2]>,
}

/// What of a line fits between two ends.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    /// From the least to the most, with some room where they are one.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let finite = values.filter(|value| value.is_finite());
        let ends = finite.fold(None, |ends: Option<(f64, f64)>, value| {
            let (low, high) = ends.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        });
        let (low, high) = ends?;
        let room = if high > low { 0.0 } else { 0.5 };
        Some(Self { low: low - room, high: high + room })
    }

    /// No narrower than that: what hardly differs should not look as if it did.
    fn at_least(self, width: f64) -> Self {
        let room = ((width - (self.high - self.low)) / 2.0).max(0.0);
        Self { low: self.low - room, high: self.high + room }
    }

    fn place(self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

impl Plot {
    /// The plot; nothing if there is nothing to draw.
    pub(super) fn to_svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x = Range::of(points().map(|point| point.x));
        let y = Range::of(points().flat_map(|point| {
            let [low, high] = point.interval.unwrap_or([point.y; 2]);
            [point.y.log10(), low.log10(), high.log10()]
        }));
        let (Some(x), Some(y)) = (x, y) else { return String::new() };
        let scale = Scale { x, y: y.at_least(0.7) };
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">\n\
             <text class=\"title\" x=\"{LEFT}\" y=\"14\">{0}</text>\n",
            escape(&self.title)
        );
        svg.push_str(&self.axes(scale));
        for series in &self.series {
            svg.push_str(&series.to_svg(scale));
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn axes(&self, scale: Scale) -> String {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let mut svg = String::new();
        for (at, text) in &self.x_ticks {
            if (scale.x.low..=scale.x.high).contains(at) {
                let x = scale.across(*at);
                svg.push_str(&format!(
                    "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom}\"/>\
                     <text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>\n",
                    bottom + 13.0,
                    escape(text)
                ));
            }
        }
        for value in ticks(scale.y) {
            let y = scale.down(value.log10());
            svg.push_str(&format!(
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>\
                 <text text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                LEFT - 5.0,
                y + 3.5,
                number(value)
            ));
        }
        let middle = f64::midpoint(TOP, bottom);
        svg.push_str(&format!(
            "<text text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n\
             <text text-anchor=\"middle\" transform=\"rotate(-90)\" x=\"{:.1}\" y=\"11\">{}</text>\n",
            f64::midpoint(LEFT, right),
            HEIGHT - 6.0,
            escape(self.x_label),
            -middle,
            escape(self.y_label)
        ));
        svg
    }
}

impl Series {
    fn to_svg(&self, scale: Scale) -> String {
        let color = self.color % COLORS;
        let (mut line, mut marks) = (String::new(), String::new());
        for point in &self.points {
            let (x, y) = (scale.across(point.x), scale.down(point.y.log10()));
            line.push_str(&format!("{}{x:.1} {y:.1}", if line.is_empty() { "M" } else { "L" }));
            if let Some([low, high]) = point.interval {
                let (low, high) = (scale.down(low.log10()), scale.down(high.log10()));
                marks.push_str(&format!(
                    "<path class=\"c{color}\" d=\"M{x:.1} {low:.1}V{high:.1}\"/>"
                ));
            }
            marks.push_str(&format!(
                "<circle class=\"c{color}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.2\"/>"
            ));
        }
        let name = escape(&self.name);
        format!("<g><title>{name}</title><path class=\"c{color}\" d=\"{line}\"/>{marks}</g>\n")
    }
}

#[derive(Clone, Copy)]
struct Scale {
    x: Range,
    y: Range,
}

impl Scale {
    fn across(self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT)
    }

    fn down(self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - BOTTOM - TOP)
    }
}

/// Round values between the ends of a logarithmic axis, about five.
fn ticks(range: Range) -> Vec<f64> {
    let steps: &[f64] = match range.high - range.low {
        span if span > 3.0 => &[1.0],
        span if span > 0.9 => &[1.0, 2.0, 5.0],
        _ => &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    };
    let decades = range.low.floor() as i32..=range.high.ceil() as i32;
    let all = decades.flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
    let fitting: Vec<_> =
        all.filter(|value| (range.low..=range.high).contains(&value.log10())).collect();
    let skip = fitting.len().div_ceil(7).max(1);
    fitting.into_iter().step_by(skip).collect()
}

#[cfg(test)]
mod tests {
    use super::{Plot, Point, Range, Series, ticks};

    #[test]
    fn a_plot_draws_each_line_in_its_frame() {
        let points = [(3.0, 10.0), (4.0, 20.0), (5.0, 900.0)];
        let points = points.map(|(x, y)| Point { x, y, interval: Some([y * 0.9, y * 1.1]) });
        let plot = Plot {
            title: "a <b>".to_owned(),
            x_label: "runs",
            y_label: "µs",
            x_ticks: vec![(3.0, "1k".to_owned()), (9.0, "out of it".to_owned())],
            series: vec![Series { name: "m&m".to_owned(), color: 9, points: points.to_vec() }],
        };
        let svg = plot.to_svg();
        assert!(svg.contains("a &lt;b&gt;") && svg.contains("m&amp;m"), "{svg}");
        assert!(svg.contains(">1k<") && !svg.contains("out of it"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains("class=\"c1\""), "colours begin again: {svg}");
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let series = Vec::new();
        let plot = Plot { title: String::new(), x_label: "", y_label: "", x_ticks: vec![], series };
        assert_eq!(plot.to_svg(), "");
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(Range { low: 0.0, high: 4.0 }), [1.0, 10.0, 100.0, 1e3, 1e4]);
        for high in [0.05, 0.5, 1.5, 2.5, 12.0] {
            let found = ticks(Range { low: 0.0, high });
            assert!((1..=7).contains(&found.len()), "{found:?}");
        }
    }
}
