package dev.eventlog.torture;

/**
 * Runs one part of the suite without a build tool, for as long as {@code -Dseconds=} or {@code -Dcases=} say:
 * {@code java -cp … -Dseconds=3600 dev.eventlog.torture.Torture power-cuts}.
 */
final class Torture {

    private Torture() {}

    public static void main(String[] arguments) throws Exception {
        switch (arguments.length == 1 ? arguments[0] : "") {
            case "power-cuts" -> new PowerCuts(Run.of(PowerCutTest.class, 1000, 60)).run();
            case "pruning-power-cuts" -> new PowerCuts(Run.of(PowerCutTest.class, 1000, 60), true).run();
            case "damage" -> System.exit(new Damages(Run.of(DamageTest.class, 1000, 60)).run() ? 0 : 1);
            case "raw-power-cuts" -> new RawChronicle(Run.of(Torture.class, 1000, 60)).powerCuts();
            case "raw-damage" -> new RawChronicle(Run.of(Torture.class, 1000, 60)).damage();
            default -> {
                System.err.println(
                        "usage: Torture power-cuts | pruning-power-cuts | damage | raw-power-cuts | raw-damage");
                System.exit(2);
            }
        }
    }
}
