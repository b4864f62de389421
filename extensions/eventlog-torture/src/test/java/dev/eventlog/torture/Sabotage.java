package dev.eventlog.torture;

/**
 * A mistake that an engine could have, as a change of its sources: compiled in a test, run in a process of its own, and
 * never part of what is shipped. What proves the engine must find each of them; so these test the tests.
 */
enum Sabotage {
    ACKNOWLEDGES_BEFORE_IT_FORCES(
            "power-cuts",
            "journal/ChronicleSegmentStore",
            "((ChronicleSegmentWriter) active).force(endOffset, isIoThread);",
            ""),
    RETURNS_BEFORE_THE_FORCE(
            "power-cuts", "journal/Journal", "if (durable || onlyDurableIsReadable) {", "if (end < 0) {"),
    FORCES_ONLY_THE_LAST_PAGE(
            "power-cuts",
            "journal/ChronicleSegmentWriter",
            "file.channel().force(file.mapped(), (int) from, (int) (offset - from));",
            "int begin = (int) Math.max(from, offset - 4096); file.channel().force(file.mapped(), begin, (int) offset - begin);"),
    DOES_NOT_FORCE_OLDER_SEGMENTS(
            "pruning-power-cuts", "journal/ChronicleSegmentStore", "forceBefore(active, isIoThread);", ""),
    DOES_NOT_FORCE_NAMES_OF_A_NEW_SEGMENT(
            "power-cuts", "journal/ChronicleSegmentStore", "files.forceDirectory(active);", ""),
    DOES_NOT_FORCE_THE_DIRECTORY_OF_A_NEW_SEGMENT(
            "power-cuts", "journal/ChronicleSegmentStore", "files.forceDirectory(directory.active());", ""),
    DOES_NOT_FORCE_THE_NAME_OF_THE_LOG(
            "power-cuts",
            "journal/LogDirectory",
            "files.forceDirectory(above);",
            "",
            "files.forceDirectory(parent);",
            ""),
    SEALS_WITHOUT_FORCING("pruning-power-cuts", "journal/ChronicleSegmentStore", "file.file.force();", ""),
    DOES_NOT_FORCE_THE_NAME_OF_A_SEALED_SEGMENT(
            "pruning-power-cuts", "journal/ChronicleSegmentStore", "to.force();\n            from.force();", ""),
    KEEPS_WITHOUT_FORCING("power-cuts", "journal/Recovery", "            open.force();\n", ""),
    REPLACES_FILES_WITHOUT_FORCING_THEM("power-cuts", "file/FileOps", "open.force();", ""),
    PRUNES_BEFORE_THE_RECORD_IS_DURABLE(
            "pruning-power-cuts",
            "journal/ChronicleSegmentStore",
            "manifest.force();\n            state.publishFirst(last.endPosition());",
            "if (!manifestForced()) { throw new IOException(); }",
            "private void compact() throws IOException {",
            "private boolean manifestForced() { return true; }\n    private void compact() throws IOException {"),
    TRIES_A_FAILED_FORCE_AGAIN(
            "power-cuts",
            "journal/ChronicleSegmentStore",
            "            throw failed(asIo(\"forcing\", e));",
            "            ((ChronicleSegmentWriter) active).force(endOffset, io.isCurrent());"),
    FORGETS_A_FAILED_FORCE_AT_THE_NEXT_OPEN(
            "power-cuts", "journal/Recovery", "(sameBoot && state.isForceFailed())", "false"),
    MOVES_THE_CHECKPOINT_BEFORE_THE_HANDLER(
            "power-cuts",
            "delivery/Delivering",
            "int slot = machine.offered(position, key, length);",
            "place.commit(position + 1, machine.completions(), 0); int slot = machine.offered(position, key, length);"),
    PARKS_NOTHING(
            "power-cuts",
            "delivery/Delivering",
            "parking.park(position, key(events[slot]), attempts, lastFailures[lane]);",
            ""),
    LEAVES_CHECKPOINTS_AHEAD_OF_THE_LOG("power-cuts", "cursor/FileCursors", "cursor.setBack(end);", ""),
    BELIEVES_WHAT_A_POWER_CUT_LEFT(
            "power-cuts",
            "frame/FrameView",
            "if ((int) crc.getValue() != (int) (countAndCrc >>> 32)) {",
            "if (crc == null) {",
            "return (int) checksum.getValue() == (int) (countAndCrc >>> 32);",
            "return true;"),
    MOVES_A_PROCESSED_CHECKPOINT_BEFORE_ITS_OUTPUTS_ARE_DURABLE(
            "power-cuts", "delivery/OutputClaim", "if (outputsEnd <= durable) {", "if (durable >= 0) {"),
    FORGETS_WHAT_OUTPUTS_TELL_OF_THEIR_CHECKPOINT(
            "power-cuts",
            "cursor/FileCursors",
            "return told.generation() > generation ||",
            "return checkpoint == -77 && told.generation() > generation || checkpoint == -77 &&"),
    FORGETS_IDS_OF_EARLIER_LIVES(
            "power-cuts", "journal/KnownIds", "if (openedAt > journal.firstPosition()) {", "if (openedAt < 0) {"),
    TAKES_A_FAILED_EVENT_OF_MEMBERS_FOR_DONE(
            "power-cuts",
            "delivery/MemberSubscription",
            "consumer.events().threw(seat, e);",
            "consumer.events().done(seat);"),
    PRUNES_WHAT_IS_REQUIRED(
            "pruning-power-cuts", "cursor/NeededEvents", "return isRequired\n", "return checkpoint == -77\n"),
    PRUNES_UP_TO_CHECKPOINTS_THAT_ARE_NOT_FORCED("pruning-power-cuts", "cursor/NeededEvents", "open.force();", ""),
    DOES_NOT_CHECK_BODIES(
            "damage",
            "frame/FrameView",
            "if ((int) crc.getValue() != (int) (countAndCrc >>> 32)) {",
            "if (crc == null) {",
            "return (int) checksum.getValue() == (int) (countAndCrc >>> 32);",
            "return true;"),
    DOES_NOT_CHECK_THE_MANIFEST(
            "damage",
            "journal/Manifest",
            "return bytes.getInt(at + CRC_OFFSET) == crc(bytes, at, recordLength) ? recordLength : 0;",
            "return recordLength;"),
    CUTS_OFF_DAMAGE_IN_THE_MIDDLE(
            "damage", "journal/Recovery", "if (position < required) {", "if (position < required && false) {"),
    TAKES_DAMAGE_FOR_THE_END(
            "damage",
            "journal/JournalReader",
            "        throw corrupt(nothing);",
            "        throw new java.util.NoSuchElementException();"),
    BELIEVES_LENGTHS(
            "damage",
            "journal/SegmentScanner",
            "if (DocumentHeader.length(header) > length - offset - DocumentHeader.LENGTH) {",
            "bytes = new byte[DocumentHeader.length(header)]; if (bytes == null) {");

    /** What finds it. */
    final String part;

    private final String type;
    private final String[] changes;

    /**
     * @param part of {@link Torture} that must find it
     * @param type the source file that is changed
     * @param changes what stands there once, and what shall stand there instead, in pairs
     */
    Sabotage(String part, String type, String... changes) {
        this.part = part;
        this.type = type;
        this.changes = changes;
    }

    /** The source file below the engine's package. */
    String file() {
        return type + ".java";
    }

    /** The source with the mistake. */
    String applyTo(String source) {
        String changed = source;
        for (int i = 0; i < changes.length; i += 2) {
            int at = changed.indexOf(changes[i]);
            if (at < 0 || changed.indexOf(changes[i], at + 1) >= 0) {
                throw new AssertionError(
                        this + " no longer fits the engine: in " + file() + " this must stand once: " + changes[i]);
            }
            changed = changed.replace(changes[i], changes[i + 1]);
        }
        return changed;
    }
}
