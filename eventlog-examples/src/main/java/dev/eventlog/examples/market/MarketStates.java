package dev.eventlog.examples.market;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The four states of the market, each kept by a consumer of its name.
 *
 * <p><b>Threading:</b> One thread at a time; in a pipeline each state has its own.
 */
record MarketStates(Book book, Tape tape, Risk risk, Audit audit) {

    static MarketStates empty() {
        return new MarketStates(new Book(), new Tape(), new Risk(), new Audit());
    }

    /** The states by their consumers' names. */
    Map<String, State> byName() {
        var states = new LinkedHashMap<String, State>();
        states.put("book", book);
        states.put("tape", tape);
        states.put("risk", risk);
        states.put("audit", audit);
        return states;
    }

    /** Lets each state take the next message. */
    void apply(Message message) {
        book.apply(message);
        tape.apply(message);
        risk.apply(message);
        audit.apply(message);
    }

    /** The states' texts by their consumers' names. */
    Map<String, String> texts() {
        var texts = new LinkedHashMap<String, String>();
        byName().forEach((name, state) -> texts.put(name, state.text()));
        return texts;
    }
}
