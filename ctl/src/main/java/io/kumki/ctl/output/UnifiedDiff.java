package io.kumki.ctl.output;

import java.util.ArrayList;
import java.util.List;

/**
 * The unified difference of two texts with 3 lines of context.
 *
 * <p>Steps: the longest common subsequence of lines gives an edit script; edits closer than two
 * contexts share a hunk. Quadratic in the number of differing lines, which a dynamic configuration
 * keeps small.
 */
public final class UnifiedDiff {

    private static final int CONTEXT = 3;

    private record Edit(char sign, String line) {}

    private UnifiedDiff() {}

    /**
     * The lines of the difference, with the headers {@code --- } and {@code +++ }; none if equal.
     */
    public static List<String> lines(String before, String after) {
        List<Edit> edits = edits(split(before), split(after));
        List<String> out = new ArrayList<>();
        int at = 0;
        while (true) {
            int first = nextChange(edits, at);
            if (first == edits.size()) {
                return out;
            }
            int last = first;
            for (int next = nextChange(edits, last + 1);
                    next < edits.size() && next - last <= 2 * CONTEXT + 1;
                    next = nextChange(edits, last + 1)) {
                last = next;
            }
            if (out.isEmpty()) {
                out.add("--- ");
                out.add("+++ ");
            }
            int from = Math.max(first - CONTEXT, 0);
            int to = Math.min(last + CONTEXT + 1, edits.size());
            addHunk(edits, from, to, out);
            at = last + 1;
        }
    }

    private static List<String> split(String text) {
        return text.isEmpty() ? List.of() : text.lines().toList();
    }

    private static int nextChange(List<Edit> edits, int from) {
        int i = from;
        while (i < edits.size() && edits.get(i).sign() == ' ') {
            i++;
        }
        return i;
    }

    private static void addHunk(List<Edit> edits, int from, int to, List<String> out) {
        long oldStart = edits.subList(0, from).stream().filter(e -> e.sign() != '+').count();
        long newStart = edits.subList(0, from).stream().filter(e -> e.sign() != '-').count();
        List<Edit> hunk = edits.subList(from, to);
        long oldLines = hunk.stream().filter(e -> e.sign() != '+').count();
        long newLines = hunk.stream().filter(e -> e.sign() != '-').count();
        out.add("@@ -" + range(oldStart, oldLines) + " +" + range(newStart, newLines) + " @@");
        hunk.forEach(edit -> out.add(edit.sign() + edit.line()));
    }

    private static String range(long start, long length) {
        if (length == 1) {
            return Long.toString(start + 1);
        }
        return (length == 0 ? start : start + 1) + "," + length;
    }

    private static List<Edit> edits(List<String> a, List<String> b) {
        int[][] common = new int[a.size() + 1][b.size() + 1];
        for (int i = a.size() - 1; i >= 0; i--) {
            for (int j = b.size() - 1; j >= 0; j--) {
                common[i][j] =
                        a.get(i).equals(b.get(j))
                                ? common[i + 1][j + 1] + 1
                                : Math.max(common[i + 1][j], common[i][j + 1]);
            }
        }
        List<Edit> edits = new ArrayList<>();
        int i = 0;
        int j = 0;
        while (i < a.size() || j < b.size()) {
            if (i < a.size() && j < b.size() && a.get(i).equals(b.get(j))) {
                edits.add(new Edit(' ', a.get(i)));
                i++;
                j++;
            } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
                edits.add(new Edit('-', a.get(i++)));
            } else {
                edits.add(new Edit('+', b.get(j++)));
            }
        }
        return edits;
    }
}
