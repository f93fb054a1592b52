package io.kumki.agent;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Clock;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may know whom: dependencies point down the table of docs/architecture.md, never up. */
@Timeout(60)
class ArchitectureTest {

    private static final JavaClasses KUMKI =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .withImportOption(location -> !location.contains("-tests.jar"))
                    .importPackages("io.kumki");

    @Test
    void theClassesOfAllLayersAreLookedAt() {
        assertThat(KUMKI.contain("io.kumki.agent.ha.Rules")).isTrue();
        assertThat(KUMKI.contain("io.kumki.dcs.cluster.ClusterView")).isTrue();
        assertThat(KUMKI.contain("io.kumki.restapi.NodeView")).isTrue();
    }

    @Test
    void theClusterRecordsKnowOnlyTheJdk() {
        noClasses()
                .that()
                .resideInAPackage("io.kumki.dcs.cluster..")
                .should()
                .dependOnClassesThat(
                        not(
                                resideInAnyPackage(
                                        "java..", "org.jspecify..", "io.kumki.dcs.cluster..")))
                .check(KUMKI);
    }

    @Test
    void theDecisionCoreKnowsOnlyTheClusterRecords() {
        noClasses()
                .that()
                .resideInAPackage("io.kumki.agent.ha..")
                .should()
                .dependOnClassesThat(
                        not(
                                resideInAnyPackage(
                                        "java.lang..",
                                        "java.util..",
                                        "java.time..",
                                        "java.net",
                                        "java.math",
                                        "org.jspecify..",
                                        "io.kumki.dcs.cluster..",
                                        "io.kumki.agent.ha..")))
                .check(KUMKI);
    }

    @Test
    void coreAndRecordsHaveNoClockNoThreadsAndNoChance() {
        noClasses()
                .that()
                .resideInAnyPackage("io.kumki.agent.ha..", "io.kumki.dcs.cluster..")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(System.class, Thread.class, Clock.class, UUID.class)
                .orShould()
                .dependOnClassesThat()
                .haveSimpleNameEndingWith("Random")
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("java.util.concurrent..")
                .orShould()
                .accessTargetWhere(target(owner(type(Instant.class))).and(target(name("now"))))
                .check(KUMKI);
    }

    @Test
    void theRestApiDoesNotKnowTheAgent() {
        noClasses()
                .that()
                .resideInAPackage("io.kumki.restapi..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.kumki.agent..", "io.kumki.ctl..")
                .check(KUMKI);
    }

    @Test
    void theStoreKnowsNobodyAboveIt() {
        noClasses()
                .that()
                .resideInAPackage("io.kumki.dcs..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.kumki.agent..", "io.kumki.ctl..", "io.kumki.restapi..")
                .check(KUMKI);
    }

    @Test
    void theAgentKnowsNoClientOfTheStoreButThePort() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.kumki.agent.ha..", "io.kumki.agent.node..", "io.kumki.agent.postgres..")
                // the composition root, and the self-test that wires the same parts
                .and()
                .haveNameNotMatching("io\\.kumki\\.agent\\.node\\.(Agent|Mapping|SelfTest)(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.kumki.dcs.etcd..", "io.etcd..", "io.grpc..", "io.kumki.ctl..")
                .check(KUMKI);
    }

    @Test
    void neighboursDoNotKnowTheLoop() {
        noClasses()
                .that()
                .resideInAnyPackage("io.kumki.agent.postgres..", "io.kumki.agent.config..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.kumki.agent.node..")
                .check(KUMKI);
    }
}
