package io.kumki.ctl.output;

import io.kumki.ctl.output.Column.Alignment;
import java.util.ArrayList;
import java.util.List;

/**
 * Draws a table with borders of {@code +}, {@code -} and {@code |}.
 *
 * <p>Columns are as wide as their widest line. If any cell has several lines, a rule is drawn
 * between all rows. The title replaces the start of the top rule and is cut so that the last {@code
 * +} stays.
 */
final class PrettyTable {

    private PrettyTable() {}

    static String format(String title, Table table) {
        List<List<List<String>>> rows = new ArrayList<>();
        int[] widths =
                table.columns().stream().mapToInt(column -> width(column.header())).toArray();
        boolean severalLines = false;
        for (List<Object> row : table.rows()) {
            List<List<String>> cells = new ArrayList<>();
            for (int i = 0; i < row.size(); i++) {
                List<String> lines = List.of(row.get(i).toString().split("\n", -1));
                severalLines |= lines.size() > 1;
                for (String line : lines) {
                    widths[i] = Math.max(widths[i], width(line));
                }
                cells.add(lines);
            }
            rows.add(cells);
        }
        return draw(title, table, rows, widths, severalLines);
    }

    private static String draw(
            String title,
            Table table,
            List<List<List<String>>> rows,
            int[] widths,
            boolean severalLines) {
        String rule = rule(widths);
        List<String> lines = new ArrayList<>();
        lines.add(titled(title, rule));
        List<List<String>> headers =
                table.columns().stream().map(column -> List.of(column.header())).toList();
        addRow(lines, table.columns(), headers, widths);
        lines.add(rule);
        for (int i = 0; i < rows.size(); i++) {
            if (severalLines && i > 0) {
                lines.add(rule);
            }
            addRow(lines, table.columns(), rows.get(i), widths);
        }
        lines.add(rule);
        return String.join("\n", lines);
    }

    private static void addRow(
            List<String> lines, List<Column> columns, List<List<String>> cells, int[] widths) {
        int height = cells.stream().mapToInt(List::size).max().orElse(1);
        for (int y = 0; y < height; y++) {
            StringBuilder line = new StringBuilder("|");
            for (int x = 0; x < widths.length; x++) {
                String text = y < cells.get(x).size() ? cells.get(x).get(y) : "";
                String blanks = " ".repeat(widths[x] - width(text));
                boolean right = columns.get(x).alignment() == Alignment.RIGHT;
                line.append(' ').append(right ? blanks + text : text + blanks).append(" |");
            }
            lines.add(line.toString());
        }
    }

    private static String rule(int[] widths) {
        StringBuilder rule = new StringBuilder("+");
        for (int width : widths) {
            rule.append("-".repeat(width + 2)).append('+');
        }
        return rule.toString();
    }

    private static String titled(String title, String rule) {
        if (title.isEmpty()) {
            return rule;
        }
        String text = " " + title + " ";
        int room = rule.length() - 2;
        int[] points = text.codePoints().limit(room).toArray();
        return "+" + new String(points, 0, points.length) + rule.substring(1 + points.length);
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }
}
