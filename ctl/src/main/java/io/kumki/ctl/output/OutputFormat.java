package io.kumki.ctl.output;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** How rows are printed; the names are those of {@code --format}. */
public enum OutputFormat {
    pretty,
    tsv,
    json,
    yaml,
    yml;

    /** What becomes of missing values in {@code json} and {@code yaml}. */
    public enum Missing {
        LEAVE_OUT,
        KEEP
    }

    /** The table as text without its last line feed; {@code title} is for {@link #pretty} only. */
    public String format(String title, Table table, Missing missing) {
        return switch (this) {
            case pretty -> PrettyTable.format(title, table);
            case tsv -> tsv(table);
            case json -> JsonText.write(objects(table, missing));
            case yaml, yml -> YamlText.block(objects(table, missing));
        };
    }

    private static String tsv(Table table) {
        List<String> lines = new ArrayList<>();
        lines.add(table.columns().stream().map(Column::key).collect(Collectors.joining("\t")));
        for (List<Object> row : table.rows()) {
            lines.add(row.stream().map(String::valueOf).collect(Collectors.joining("\t")));
        }
        return String.join("\n", lines);
    }

    private static List<Map<String, Object>> objects(Table table, Missing missing) {
        List<Map<String, Object>> objects = new ArrayList<>();
        for (List<Object> row : table.rows()) {
            Map<String, Object> object = new LinkedHashMap<>();
            for (int i = 0; i < row.size(); i++) {
                if (missing == Missing.KEEP || !row.get(i).equals("")) {
                    object.put(table.columns().get(i).key(), row.get(i));
                }
            }
            objects.add(object);
        }
        return objects;
    }
}
