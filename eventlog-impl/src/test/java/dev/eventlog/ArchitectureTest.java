package dev.eventlog;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.JavaModifier.PUBLIC;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.eventlog.internal.support.JvmOpener;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Holds the structure that {@code docs/architecture.md} draws. */
class ArchitectureTest {

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.eventlog");

    private static final DescribedPredicate<JavaClass> CHRONICLE = resideInAPackage("net.openhft..");

    @Test
    void apiAndEngineAreBothLookedAt() {
        assertThat(CLASSES.contain(EventLog.class)).isTrue();
        assertThat(CLASSES.contain("dev.eventlog.internal.log.LocalEventLog")).isTrue();
    }

    @Test
    void layersUseOnlyWhatIsBelowThem() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("api")
                .definedBy("dev.eventlog", "dev.eventlog.error", "dev.eventlog.spi")
                .layer("support")
                .definedBy("dev.eventlog.internal.support")
                .layer("codec")
                .definedBy("dev.eventlog.internal.codec")
                .layer("file")
                .definedBy("dev.eventlog.internal.file")
                .layer("frame")
                .definedBy("dev.eventlog.internal.frame")
                .layer("inspection")
                .definedBy("dev.eventlog.internal.inspection")
                .layer("journal")
                .definedBy("dev.eventlog.internal.journal")
                .layer("cursor")
                .definedBy("dev.eventlog.internal.cursor")
                .layer("delivery")
                .definedBy("dev.eventlog.internal.delivery")
                .layer("log")
                .definedBy("dev.eventlog.internal.log")
                .layer("tools")
                .definedBy("dev.eventlog.tools")
                .whereLayer("api")
                .mayNotAccessAnyLayer()
                .whereLayer("support")
                .mayOnlyAccessLayers("api")
                .whereLayer("codec")
                .mayOnlyAccessLayers("api", "support")
                .whereLayer("file")
                .mayOnlyAccessLayers("api", "support")
                .whereLayer("frame")
                .mayOnlyAccessLayers("api", "support")
                .whereLayer("inspection")
                .mayOnlyAccessLayers("api", "file", "frame")
                .whereLayer("journal")
                .mayOnlyAccessLayers("api", "support", "file", "frame", "inspection")
                .whereLayer("cursor")
                .mayOnlyAccessLayers("api", "support", "file", "frame", "inspection", "journal")
                .whereLayer("delivery")
                .mayOnlyAccessLayers("api", "support", "file", "frame", "journal", "cursor")
                .whereLayer("log")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("tools")
                .mayOnlyAccessLayers("api", "support", "file", "frame", "inspection", "journal", "cursor")
                .whereLayer("tools")
                .mayNotBeAccessedByAnyLayer()
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.eventlog.internal.(*)..")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    @Test
    void onlyTheJournalSeesChronicle() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.eventlog.internal.journal..")
                .should()
                .dependOnClassesThat(CHRONICLE)
                .check(CLASSES);
        assertThat(CLASSES.get("dev.eventlog.internal.journal.ChronicleSegmentWriter")
                        .getDirectDependenciesFromSelf())
                .anyMatch(dependency -> CHRONICLE.test(dependency.getTargetClass()));
    }

    @Test
    void apiDependsOnTheJdkAndNullnessAnnotationsOnly() {
        classes()
                .that(resideInAnyPackage("dev.eventlog", "dev.eventlog.error", "dev.eventlog.spi"))
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "dev.eventlog",
                        "dev.eventlog.error",
                        "dev.eventlog.spi",
                        "java..",
                        "org.jspecify.annotations.."))
                .check(CLASSES);
    }

    @Test
    void internalPackagesShowAtMostThreePublicTypes() {
        Map<String, List<String>> shown = CLASSES.stream()
                .filter(c -> c.getPackageName().startsWith("dev.eventlog.internal"))
                .filter(c -> c.getModifiers().contains(PUBLIC) && c.isTopLevelClass())
                .collect(Collectors.groupingBy(
                        JavaClass::getPackageName,
                        TreeMap::new,
                        Collectors.mapping(JavaClass::getSimpleName, Collectors.toList())));
        assertThat(shown).isNotEmpty();
        shown.forEach((name, types) -> assertThat(types).as(name).hasSizeLessThanOrEqualTo(3));
    }

    @Test
    void rootPackageKeepsItsSizeBudget() {
        long types = CLASSES.stream()
                .filter(c -> c.getPackageName().equals("dev.eventlog"))
                .filter(c -> c.getModifiers().contains(PUBLIC) && c.isTopLevelClass())
                .count();
        assertThat(types).isBetween(1L, 20L);
    }

    @Test
    void noClassIsLoadedByNameNorDeserialised() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(JvmOpener.class.getName())
                .should()
                .callMethod(Class.class, "forName", String.class)
                .orShould()
                .callMethod(Class.class, "forName", String.class, boolean.class, ClassLoader.class)
                .orShould()
                .callMethod(ClassLoader.class, "loadClass", String.class)
                .orShould()
                .dependOnClassesThat(type(java.io.ObjectInputStream.class))
                .check(CLASSES);
    }

    @Test
    void timeIsReadThroughTheClockOnly() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.eventlog.internal.support.SystemClock")
                .and()
                .haveNameNotMatching("dev\\.eventlog\\.internal\\.support\\.Clock(\\$.*)?")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .check(CLASSES);
    }

    @Test
    void filesAreTouchedThroughTheSeamOnly() {
        noClasses()
                .that()
                .haveNameNotMatching("dev\\.eventlog\\.internal\\.file\\.SystemFileOps(\\$.*)?")
                .should()
                .dependOnClassesThat(type(java.nio.file.Files.class)
                        .or(type(java.nio.channels.FileChannel.class))
                        .or(type(java.io.RandomAccessFile.class)))
                .check(CLASSES);
    }

    @Test
    void libraryPrintsNothing() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.eventlog.tools.Main")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(CLASSES);
    }

    @Test
    void everyPackageSaysWhatItIsAndIsNullMarked() {
        for (String name : CLASSES.stream().map(JavaClass::getPackageName).collect(Collectors.toSet())) {
            assertThat(CLASSES.contain(name + ".package-info"))
                    .as(name + " has a package-info")
                    .isTrue();
            assertThat(CLASSES.get(name + ".package-info").isAnnotatedWith(NullMarked.class))
                    .as(name + " is @NullMarked")
                    .isTrue();
        }
    }
}
