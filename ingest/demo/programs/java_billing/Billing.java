import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;

/**
 * The invoicing of a web shop, as a program to be profiled: prices orders, writes, signs and packs invoices, under a
 * load that comes and goes. Runs until it is ended.
 */
public class Billing {
    static final double CYCLE_SECONDS = 48, QUIET = 0.1, BUSY = 0.8;

    record Line(String article, int count, BigDecimal price) {}

    public static void main(String[] arguments) throws Exception {
        Random random = new Random(5);
        long started = System.nanoTime();
        while (true) {
            long began = System.nanoTime();
            invoiceOrder(takeOrder(random));
            if (random.nextInt(4) == 0) {
                reportRevenue(random);
            }
            long worked = System.nanoTime() - began;
            Thread.sleep(Math.round((worked / loadAt((began - started) / 1e9) - worked) / 1e6));
        }
    }

    static double loadAt(double seconds) {
        return QUIET + (BUSY - QUIET) * (0.5 - 0.5 * Math.cos(2 * Math.PI * seconds / CYCLE_SECONDS));
    }

    static List<Line> takeOrder(Random random) {
        List<Line> lines = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            lines.add(new Line("article " + random.nextInt(5000), 1 + random.nextInt(9), new BigDecimal(100 + random.nextInt(9900)).movePointLeft(2)));
        }
        return lines;
    }

    static byte[] invoiceOrder(List<Line> lines) throws Exception {
        BigDecimal total = sumLines(lines);
        String text = formatInvoice(lines, total);
        return packInvoice(text + signInvoice(text));
    }

    static BigDecimal sumLines(List<Line> lines) {
        BigDecimal total = BigDecimal.ZERO;
        for (Line line : lines) {
            total = total.add(addTax(line.price().multiply(BigDecimal.valueOf(line.count()))));
        }
        return total;
    }

    static BigDecimal addTax(BigDecimal net) {
        return net.multiply(new BigDecimal("1.19")).setScale(2, RoundingMode.HALF_EVEN);
    }

    static String formatInvoice(List<Line> lines, BigDecimal total) {
        StringBuilder text = new StringBuilder();
        for (Line line : lines) {
            text.append(String.format("%-20s %3d x %10s%n", line.article(), line.count(), line.price()));
        }
        return text.append("total ").append(total).toString();
    }

    static String signInvoice(String text) throws Exception {
        byte[] digest = text.getBytes(StandardCharsets.UTF_8);
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        for (int i = 0; i < 1000; i++) {
            digest = sha.digest(digest);
        }
        return HexFormat.of().formatHex(digest);
    }

    static byte[] packInvoice(String text) {
        Deflater deflater = new Deflater();
        deflater.setInput(text.getBytes(StandardCharsets.UTF_8));
        deflater.finish();
        byte[] packed = new byte[32 << 10];
        deflater.deflate(packed);
        deflater.end();
        return packed;
    }

    static long reportRevenue(Random random) {
        List<Line> lines = takeOrder(random);
        lines.sort(Comparator.comparing(Line::price).thenComparing(Line::article));
        return lines.stream().map(Line::article).filter(article -> article.matches(".*[02468]$")).count();
    }
}
