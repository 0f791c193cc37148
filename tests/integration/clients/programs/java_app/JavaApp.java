import io.pyroscope.labels.v2.LabelsSet;
import io.pyroscope.labels.v2.Pyroscope;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A program under the pyroscope agent: two routes with a function of their own each, one of which allocates, and two
 * threads that wait for each other, at a monitor and at a lock.
 *
 * <p>{@code java JavaApp <seconds>}
 */
public class JavaApp {
    static final Object MONITOR = new Object();
    static final ReentrantLock LOCK = new ReentrantLock();
    static volatile long result;

    public static void main(String[] arguments) throws Exception {
        long end = System.nanoTime() + (long) (Double.parseDouble(arguments[0]) * 1e9);
        Thread[] waiting = new Thread[2];
        for (int i = 0; i < waiting.length; i++) {
            waiting[i] = new Thread(() -> waitInTurn(end), "waiting-" + i);
            waiting[i].start();
        }
        while (System.nanoTime() < end) {
            Pyroscope.LabelsWrapper.run(new LabelsSet("route", "/fast"), JavaApp::handleFastRoute);
            Pyroscope.LabelsWrapper.run(new LabelsSet("route", "/slow"), JavaApp::handleSlowRoute);
        }
        for (Thread thread : waiting) {
            thread.join();
        }
    }

    static void handleFastRoute() {
        result += countTo(10_000_000);
    }

    static void handleSlowRoute() {
        result += fillPages(300);
    }

    static long countTo(long limit) {
        long number = 0;
        for (long i = 0; i < limit; i++) {
            number += i ^ number;
        }
        return number;
    }

    static long fillPages(int count) {
        long sum = 0;
        for (int page = 0; page < count; page++) {
            byte[] bytes = new byte[65_536];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (i * page);
            }
            sum += bytes[page];
        }
        return sum;
    }

    static void waitInTurn(long end) {
        while (System.nanoTime() < end) {
            holdMonitor();
            holdLock();
        }
    }

    static void holdMonitor() {
        synchronized (MONITOR) {
            pause();
        }
    }

    static void holdLock() {
        LOCK.lock();
        try {
            pause();
        } finally {
            LOCK.unlock();
        }
    }

    static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
