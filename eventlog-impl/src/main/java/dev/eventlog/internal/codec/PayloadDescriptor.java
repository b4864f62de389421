package dev.eventlog.internal.codec;

/**
 * The bytes of a record's payload: the part of chronicle-wire's BINARY_LIGHT that this codec writes. Little-endian, no
 * alignment, no header: type, version and media type stand in the log's dictionary.
 *
 * <pre>
 *   payload = record                              up to the payload's end
 *   record  = *(name value)                       in the order of the components; Optional.empty() is left out
 *   name    = C0+n ASCII[n]                       n &lt; 32 bytes
 *           | B7 varint ASCII[varint]             longer ones; other characters are escaped as \\uXXXX
 *   value   = integer | real | text | uuid | B0 (false) | B1 (true) | BB (an empty Optional inside a collection)
 *           | block
 *   integer = A1 u8 | A4 i8 | A2 u16 | A5 i16 | A3 u32 | A6 i32 | A7 i64      byte, short, char, int, long: the
 *           | 90 f32                              shortest; f32 if that is exact
 *   real    = 90 f32 | 91 f64                     float, double: all bits
 *   text    = E0+n UTF8[n] | B8 varint UTF8[varint]     each UTF-16 unit by itself (CESU-8)
 *   uuid    = A0 i64 (high) i64 (low)
 *   block   = 80 u8 content | 81 u16 content | 82 u32 content      the number is the content's length in bytes
 *   varint  = 7 bits a byte, lowest first, 80 set on all but the last
 * </pre>
 *
 * <pre>
 *   type                        value
 *   String, enum                text; an enum by its constant's name
 *   LocalDate                   integer: day since 1970-01-01
 *   Instant, Duration           block: integer seconds (since 1970), integer nanoseconds of the second
 *   BigInteger, byte[]          block: 8A, then the bytes; of a BigInteger two's complement, big-endian
 *   BigDecimal                  block: integer scale, then its unscaled BigInteger
 *   record                      block: record
 *   sealed interface            block: name "@type", text stored name ("name:version" above version 1), record
 *   Optional                    the value itself, or BB; as a component left out when empty
 *   List, Set                   block: *value, in iteration order
 *   Map                         block: *(BD key value)
 * </pre>
 *
 * Every length is bounded by the bytes that enclose it; there are no counts. Records nest at most {@link #MAX_NESTING}
 * deep. A torn or changed payload never gets here: the frame's checksum is checked before.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class PayloadDescriptor {

    /** Media type of every payload of this codec. */
    static final String CONTENT_TYPE = "application/vnd.eventlog.record";

    /** Levels of records inside each other; the payload itself is level 1. */
    static final int MAX_NESTING = 64;

    /** Name of the field that holds the type of a sealed interface's record; no component can be called so. */
    static final String TYPE_FIELD = "@type";

    /** Names and texts shorter than this stand behind a code that holds their length. */
    static final int SHORT_COUNT = 0x20;

    // The codes, named BinaryWireCode in chronicle-wire.
    static final int BLOCK8 = 0x80;
    static final int BLOCK16 = 0x81;
    static final int BLOCK32 = 0x82;
    static final int BYTES = 0x8A;
    static final int FLOAT32 = 0x90;
    static final int FLOAT64 = 0x91;
    static final int UUID128 = 0xA0;
    static final int UINT8 = 0xA1;
    static final int UINT16 = 0xA2;
    static final int UINT32 = 0xA3;
    static final int INT8 = 0xA4;
    static final int INT16 = 0xA5;
    static final int INT32 = 0xA6;
    static final int INT64 = 0xA7;
    static final int FALSE = 0xB0;
    static final int TRUE = 0xB1;
    static final int NAME_ANY = 0xB7;
    static final int TEXT_ANY = 0xB8;
    static final int ABSENT = 0xBB;
    static final int ENTRY = 0xBD;
    static final int NAME0 = 0xC0;
    static final int TEXT0 = 0xE0;

    /** How a sealed interface's record names its type. */
    static String typeText(String name, int version) {
        return version == 1 ? name : name + ':' + version;
    }

    /**
     * How a component's name is stored. chronicle-wire keeps only eight bits of a name's characters: two names in
     * another script could become the same one.
     */
    static String storedName(String component) {
        var ascii = new StringBuilder(component.length());
        for (int i = 0; i < component.length(); i++) {
            char c = component.charAt(i);
            if (c > ' ' && c <= '~') {
                ascii.append(c);
            } else {
                ascii.append("\\u").append(Integer.toHexString(0x10000 + c), 1, 5);
            }
        }
        return ascii.toString();
    }

    private PayloadDescriptor() {}
}
