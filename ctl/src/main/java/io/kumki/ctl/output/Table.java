package io.kumki.ctl.output;

import java.util.List;

/**
 * Rows under columns. A cell is a text, number, boolean, list or map; the empty text is a missing
 * value.
 *
 * @param rows each as long as {@code columns}
 */
public record Table(List<Column> columns, List<List<Object>> rows) {

    public Table {
        columns = List.copyOf(columns);
        rows = rows.stream().map(List::copyOf).toList();
        for (List<Object> row : rows) {
            if (row.size() != columns.size()) {
                throw new IllegalArgumentException(
                        row.size() + " cells under " + columns.size() + " columns: " + row);
            }
        }
    }
}
