package dev.eventlog.jmh.report;

import dev.eventlog.jmh.compare.Comparison;
import dev.eventlog.jmh.compare.Quartiles;
import dev.eventlog.jmh.compare.RowResult;
import dev.eventlog.jmh.latency.Latency;
import dev.eventlog.jmh.latency.LatencyResult;
import dev.eventlog.jmh.scale.ScaleResult;
import dev.eventlog.jmh.scale.ScaleStep;
import java.awt.Color;
import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.IChart;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Draws the plots of a report as PNG files, without a display. What a plot shows is in the page's tables too.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class Plots {

    private static final int WIDTH = 1000;
    private static final int HEIGHT = 520;
    private static final int ROW_HEIGHT = 34;

    /** Part of the logarithmic axis that names get: as much as this factor takes. */
    private static final double NAME_ROOM = 16;

    private static final Color OURS = new Color(0x1f, 0x77, 0xb4);
    private static final Color FLOOR = new Color(0xd6, 0x27, 0x28);
    private static final Color GOAL = new Color(0x2c, 0xa0, 0x2c);
    private static final Color[] LINES = {
        OURS, new Color(0xff, 0x7f, 0x0e), GOAL, new Color(0x94, 0x67, 0xbd), new Color(0x8c, 0x56, 0x4b), FLOOR
    };

    private final Path images;
    private final boolean hasFonts = findFonts();

    Plots(Path images) {
        this.images = images;
    }

    /**
     * A bar for each row with a ratio, as times better than the peer, with floor and goal.
     *
     * @return the file's name; null, here and below: nothing to draw, or no font to draw with
     */
    @Nullable
    String ratios(Comparison comparison, String name) throws IOException {
        List<RowResult> rows = comparison.rows().stream()
                .filter(row -> row.ratio() != null && row.limits().ratio())
                .toList();
        if (rows.isEmpty()) {
            return null;
        }
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(140 + ROW_HEIGHT * rows.size())
                .title("eventlog beside its peers")
                .xAxisTitle("times better than the peer (logarithmic)")
                .build();
        style(chart);
        chart.getStyler().setXAxisLogarithmic(true);
        chart.getStyler().setYAxisMin(-1.0).setYAxisMax((double) rows.size());
        chart.getStyler().setYAxisTicksVisible(false);
        names(chart, rows);
        bars(chart, rows);
        marks(chart, rows, true);
        marks(chart, rows, false);
        return save(chart, name);
    }

    /** Room for the names to the left of everything, since the axis has no labels of its own choice. */
    private static void names(XYChart chart, List<RowResult> rows) {
        double least = 1;
        for (RowResult row : rows) {
            Quartiles ratio = row.ratio();
            if (ratio != null) {
                least = Math.min(least, Math.min(better(row, ratio.low()), better(row, ratio.high())));
            }
        }
        chart.getStyler().setXAxisMin(least / NAME_ROOM);
        for (int i = 0; i < rows.size(); i++) {
            RowResult row = rows.get(i);
            chart.addAnnotation(new AnnotationText(
                    row.name() + " / " + row.peerName(), least / Math.sqrt(NAME_ROOM), rows.size() - 1 - i, false));
        }
    }

    private static double better(RowResult row, double ratio) {
        return row.unit().isHigherBetter() ? ratio : 1 / ratio;
    }

    private static void bars(XYChart chart, List<RowResult> rows) {
        for (int i = 0; i < rows.size(); i++) {
            RowResult row = rows.get(i);
            Quartiles ratio = row.ratio();
            if (ratio == null) {
                continue;
            }
            double y = rows.size() - 1 - i;
            line(chart, "bar" + i, 1, better(row, ratio.median()), y, 11)
                    .setShowInLegend(i == 0)
                    .setLabel("median");
            line(chart, "spread" + i, better(row, ratio.low()), better(row, ratio.high()), y, 3)
                    .setLineColor(Color.BLACK)
                    .setShowInLegend(i == 0)
                    .setLabel("25–75 %");
        }
    }

    private static XYSeries line(XYChart chart, String name, double from, double to, double y, int width) {
        XYSeries series = chart.addSeries(name, new double[] {from, to}, new double[] {y, y});
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(OURS);
        series.setLineWidth(width);
        series.setLineStyle(SeriesLines.SOLID);
        return series;
    }

    private static void marks(XYChart chart, List<RowResult> rows, boolean floors) {
        var x = new ArrayList<Double>();
        var y = new ArrayList<Double>();
        for (int i = 0; i < rows.size(); i++) {
            RowResult row = rows.get(i);
            Double limit = floors ? row.limits().floor() : row.limits().goal();
            if (limit != null) {
                x.add(better(row, limit));
                y.add((double) (rows.size() - 1 - i));
            }
        }
        if (!x.isEmpty()) {
            XYSeries series = chart.addSeries(floors ? "floor" : "goal", x, y);
            series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
            series.setMarker(floors ? SeriesMarkers.DIAMOND : SeriesMarkers.TRIANGLE_UP);
            series.setMarkerColor(floors ? FLOOR : GOAL);
        }
    }

    /** Latency over percentile, a curve for each line. */
    @Nullable
    String latencies(List<LatencyResult> results, String name) throws IOException {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title("append → handler on another thread, "
                        + String.format(Locale.ROOT, "%,d", results.get(0).rate()) + " events/s")
                .xAxisTitle("percentile")
                .yAxisTitle("µs (logarithmic)")
                .build();
        style(chart);
        chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
        chart.getStyler().setXAxisTickLabelsFormattingFunction(Plots::percentile);
        for (int i = 0; i < results.size(); i++) {
            LatencyResult result = results.get(i);
            if (i == 0) { // ours beside the first peer; the tables have it beside each
                curve(
                        chart,
                        "eventlog",
                        result.rounds().stream().map(LatencyResult.Round::ours).toList());
            }
            curve(
                    chart,
                    result.peerName(),
                    result.rounds().stream().map(LatencyResult.Round::peer).toList());
        }
        return save(chart, name);
    }

    private static String percentile(double x) {
        double percentile = 100 - 100 / x;
        return (x < 1.5
                        ? "0"
                        : String.valueOf(Math.round(percentile * 1e5) / 1e5).replaceAll("\\.0$", "")) + " %";
    }

    private static void curve(XYChart chart, String name, List<String> rounds) {
        Histogram histogram = Latency.sum(rounds);
        var x = new ArrayList<Double>();
        var y = new ArrayList<Double>();
        for (double at = 1; at <= 10_000 && at <= histogram.getTotalCount(); at *= 1.25) {
            x.add(at);
            y.add(Math.max(1, histogram.getValueAtPercentile(100 - 100 / at)) / 1e3);
        }
        chart.addSeries(name, x, y).setMarker(SeriesMarkers.NONE);
    }

    /** Append and read over the number of events. */
    @Nullable
    String scaleTimes(ScaleResult result, String name) throws IOException {
        XYChart chart = scaleChart("An append and a read as the log grows", "ns");
        chart.getStyler().setYAxisMin(0.0);
        curve(chart, "append", result, ScaleStep::appendNanos, SeriesMarkers.CIRCLE);
        curve(chart, "read", result, ScaleStep::readNanos, SeriesMarkers.SQUARE);
        return save(chart, name);
    }

    /** Opens and seeks over the number of events. */
    @Nullable
    String scaleOpens(ScaleResult result, String name) throws IOException {
        XYChart chart = scaleChart("Open and seek as the log grows", "µs (logarithmic)");
        chart.getStyler().setYAxisLogarithmic(true);
        curve(chart, "open, first in a JVM", result, step -> step.openFirstMillis() * 1e3, SeriesMarkers.CIRCLE);
        curve(chart, "open, warm", result, step -> step.openWarmMillis() * 1e3, SeriesMarkers.SQUARE);
        curve(chart, "seek to a position", result, ScaleStep::seekPositionMicros, SeriesMarkers.DIAMOND);
        curve(chart, "seek to a time", result, ScaleStep::seekTimeMicros, SeriesMarkers.TRIANGLE_UP);
        return save(chart, name);
    }

    private static XYChart scaleChart(String title, String unit) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("events in the log (logarithmic)")
                .yAxisTitle(unit)
                .build();
        style(chart);
        chart.getStyler().setXAxisLogarithmic(true);
        return chart;
    }

    private static void curve(
            XYChart chart, String name, ScaleResult result, ToDoubleFunction<ScaleStep> value, Marker marker) {
        double[] x = result.steps().stream().mapToDouble(ScaleStep::events).toArray();
        double[] y = result.steps().stream().mapToDouble(value).toArray();
        chart.addSeries(name, x, y).setMarker(marker);
    }

    private static void style(XYChart chart) {
        chart.getStyler().setSeriesColors(LINES);
        chart.getStyler().setLocale(Locale.ROOT);
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setPlotBorderVisible(false);
        chart.getStyler().setLegendBorderColor(Color.WHITE);
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
        chart.getStyler().setChartTitleBoxVisible(false);
    }

    private @Nullable String save(IChart chart, String name) throws IOException {
        if (!hasFonts) {
            return null;
        }
        String file = name + ".png";
        ImageIO.write(
                BitmapEncoder.getBufferedImage(chart),
                "png",
                images.resolve(file).toFile());
        return file;
    }

    /** Whether there are plots; without a font the JVM cannot write on them. */
    boolean hasFonts() {
        return hasFonts;
    }

    private static boolean findFonts() {
        try {
            var context = new FontRenderContext(null, true, true);
            return new Font(Font.SANS_SERIF, Font.PLAIN, 12)
                            .getStringBounds("x", context)
                            .getWidth()
                    > 0;
        } catch (RuntimeException
                | LinkageError
                | InternalError absent) { // which one depends on the JVM and on what it lacks
            return false;
        }
    }
}
