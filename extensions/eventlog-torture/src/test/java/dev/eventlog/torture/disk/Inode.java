package dev.eventlog.torture.disk;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One file of a {@link Disk}: of each page and of the length all that a power cut could leave, from what was forced last
 * to what was written last. <b>Threading:</b> One thread at a time: the disk's monitor.
 */
final class Inode {

    static final int PAGE = 4096;
    private static final int SECTOR = 512;
    private static final int WORD = 8;
    private static final int MOST_VERSIONS = 6;
    private static final Version ZEROS = new Version(new byte[PAGE]);
    private static final List<Version> NEVER_WRITTEN = List.of(ZEROS);

    final Object key;
    final boolean isDirectory;
    // oldest first; the first one is durable
    private final List<List<Version>> pages = new ArrayList<>();
    private List<Long> lengths = new ArrayList<>(List.of(0L));
    // pages whose writing failed: called clean since, so no force writes them until they change
    private final Map<Integer, Version> lost = new HashMap<>();

    /** What a page held at a moment, with a hash of that. */
    private record Version(byte[] bytes, long hash) {
        Version(byte[] bytes) {
            this(bytes, Hash.of(bytes));
        }
    }

    Inode(Object key, boolean isDirectory) {
        this.key = key;
        this.isDirectory = isDirectory;
    }

    /** Takes up what the file holds now, as far as it differs from what was seen last. */
    void capture(FileChannel channel, Disk.Scratch scratch, long from, long to) throws IOException {
        long length = channel.size();
        if (length != lengths.get(lengths.size() - 1)) {
            lengths.add(length);
        }
        long begin = from / PAGE * PAGE;
        // whole pages: what is behind the range in its last page is no less there
        long end = to >= length ? length : Math.min(length, (to + PAGE - 1) / PAGE * PAGE);
        while (pages.size() * (long) PAGE < length) {
            pages.add(NEVER_WRITTEN);
        }
        for (long at = begin; at < end; ) {
            int read = scratch.read(channel, at, end);
            if (read <= 0) {
                break;
            }
            for (int in = 0; in < read; in += PAGE) {
                take((int) ((at + in) / PAGE), scratch.bytes, in, Math.min(PAGE, read - in));
            }
            at += read;
        }
        // what was cut off and is written again was zeros between
        for (int page = (int) ((length + PAGE - 1) / PAGE); page < pages.size(); page++) {
            take(page, ZEROS.bytes(), 0, PAGE);
        }
    }

    private void take(int page, byte[] bytes, int offset, int length) {
        List<Version> versions = pages.get(page);
        byte[] last = versions.get(versions.size() - 1).bytes();
        if (Arrays.equals(last, 0, length, bytes, offset, offset + length)
                && (length == PAGE || Arrays.equals(last, length, PAGE, ZEROS.bytes(), length, PAGE))) {
            return;
        }
        byte[] copy = new byte[PAGE];
        System.arraycopy(bytes, offset, copy, 0, length);
        if (versions == NEVER_WRITTEN) {
            versions = new ArrayList<>(versions);
            pages.set(page, versions);
        }
        if (versions.size() == MOST_VERSIONS) {
            // neither the durable one nor the one before this
            versions.remove(1 + Math.floorMod(page + copy[17], MOST_VERSIONS - 2));
        }
        versions.add(new Version(copy));
    }

    /** What was captured last in a range is durable. */
    void forced(long from, long to) {
        lengths = new ArrayList<>(lengths.subList(lengths.size() - 1, lengths.size()));
        int end = to > (long) pages.size() * PAGE ? pages.size() : (int) ((to + PAGE - 1) / PAGE);
        for (int page = (int) (from / PAGE); page < end; page++) {
            List<Version> versions = pages.get(page);
            if (versions.size() > 1 && lost.get(page) != versions.get(versions.size() - 1)) {
                lost.remove(page);
                pages.set(page, new ArrayList<>(versions.subList(versions.size() - 1, versions.size())));
            }
        }
    }

    /** Pages of a range that were not durable are lost, and the system does not try again. */
    void failed(long from, long to) {
        int end = to > (long) pages.size() * PAGE ? pages.size() : (int) ((to + PAGE - 1) / PAGE);
        for (int page = (int) (from / PAGE); page < end; page++) {
            List<Version> versions = pages.get(page);
            if (versions.size() > 1) {
                lost.put(page, versions.get(versions.size() - 1));
            }
        }
    }

    /** Number of pages and lengths that a power cut could leave one way or another. */
    int doubts() {
        int doubts = lengths.size() > 1 ? 1 : 0;
        for (List<Version> versions : pages) {
            doubts += versions.size() > 1 ? 1 : 0;
        }
        return doubts;
    }

    /**
     * Writes the file as a power cut could leave it, and returns a hash of that.
     *
     * @param tearsWords whether also a sector may be of different ages
     */
    long write(RandomAccessFile target, Choices choices, boolean tearsWords, Disk.Scratch scratch) throws IOException {
        long length = lengths.get(choices.pick(lengths.size()));
        long hash = Hash.mix(length);
        // pages that follow each other are written as one
        long runAt = 0;
        int run = 0;
        for (int page = 0; page < pages.size(); page++) {
            List<Version> versions = pages.get(page);
            Version chosen = versions.size() == 1 ? versions.get(0) : choose(versions, choices, tearsWords);
            long at = (long) page * PAGE;
            if (chosen.hash() == ZEROS.hash() || at >= length) {
                continue;
            }
            int inFile = (int) Math.min(PAGE, length - at);
            hash += Hash.mix(page + Hash.mix(inFile == PAGE ? chosen.hash() : Hash.of(chosen.bytes(), inFile)));
            if (run == scratch.bytes.length || (run > 0 && runAt + run != at)) {
                target.seek(runAt);
                target.write(scratch.bytes, 0, run);
                run = 0;
            }
            runAt = run == 0 ? at : runAt;
            System.arraycopy(chosen.bytes(), 0, scratch.bytes, run, inFile);
            run += inFile;
        }
        if (run > 0) {
            target.seek(runAt);
            target.write(scratch.bytes, 0, run);
        }
        target.setLength(length);
        return hash;
    }

    private static Version choose(List<Version> versions, Choices choices, boolean tearsWords) {
        Version chosen = versions.get(choices.pick(versions.size()));
        if (!choices.tears()) {
            return chosen;
        }
        byte[] mixed = chosen.bytes().clone();
        int unit = tearsWords && choices.tears() ? WORD : SECTOR;
        for (int at = 0; at < PAGE; at += unit) {
            System.arraycopy(versions.get(choices.pick(versions.size())).bytes(), at, mixed, at, unit);
        }
        return new Version(mixed);
    }
}
