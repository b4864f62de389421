package dev.eventlog.jmh;

import java.util.ArrayList;
import java.util.List;

/** A table of text, for a terminal or as Markdown. <b>Threading:</b> One thread at a time: the caller. */
public final class Table {

    private final List<String> headers;
    private final List<List<String>> rows = new ArrayList<>();

    /** With these columns. */
    public Table(List<String> headers) {
        this.headers = List.copyOf(headers);
    }

    /** Adds a row with a cell for each column. */
    public Table add(List<String> cells) {
        if (cells.size() != headers.size()) {
            throw new IllegalArgumentException(cells.size() + " cells for " + headers.size() + " columns");
        }
        rows.add(List.copyOf(cells));
        return this;
    }

    /** For a terminal: columns as wide as their widest cell. */
    public String toText() {
        var text = new StringBuilder();
        appendText(text, headers);
        appendText(
                text, headers.stream().map(header -> "-".repeat(width(header))).toList());
        rows.forEach(row -> appendText(text, row));
        return text.toString();
    }

    private void appendText(StringBuilder text, List<String> cells) {
        var line = new StringBuilder();
        for (int column = 0; column < cells.size(); column++) {
            String cell = cells.get(column);
            line.append(cell).append(" ".repeat(columnWidth(column) - width(cell) + 2));
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }

    private int columnWidth(int column) {
        int widest = width(headers.get(column));
        for (List<String> row : rows) {
            widest = Math.max(widest, width(row.get(column)));
        }
        return widest;
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }

    /** As Markdown. */
    public String toMarkdown() {
        var text = new StringBuilder();
        appendMarkdown(text, headers);
        text.append("|---".repeat(headers.size())).append("|\n");
        rows.forEach(row -> appendMarkdown(text, row));
        return text.toString();
    }

    private static void appendMarkdown(StringBuilder text, List<String> cells) {
        for (String cell : cells) {
            text.append("| ").append(cell.replace("|", "\\|")).append(' ');
        }
        text.append("|\n");
    }
}
