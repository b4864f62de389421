package dev.eventlog.fuzz;

import dev.eventlog.internal.support.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each decoder with sound inputs, with those that are kept, and with some thousand changed ones from a seed. */
@Timeout(300)
class FuzzTest {

    private static final int CASES = Integer.getInteger("eventlog.fuzz.cases", 500);

    private final Seed seed = Seed.of(FuzzTest.class);

    static Stream<String> targets() {
        return Fuzz.targets().stream().map(FuzzTarget::name);
    }

    @ParameterizedTest
    @MethodSource("targets")
    void noInputLeadsToOtherBytesOrAnUnknownException(String name) {
        FuzzTarget target = Fuzz.target(name);
        List<byte[]> inputs = new ArrayList<>(target.seeds());
        inputs.addAll(Fuzz.kept(target));
        inputs.forEach(input -> Fuzz.run(target, input, seed));
        var mutator = new Mutator(seed.random(), inputs);
        for (int i = 0; i < CASES; i++) {
            Fuzz.run(target, mutator.next(), seed);
        }
    }
}
