package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.postgres.rejoin.LogComparison.RecordEnd;
import io.kumki.dcs.cluster.Lsn;
import org.junit.jupiter.api.Test;

class ShutdownRecordTest {

    private static final long SEGMENT = 16 << 20;

    private static final String CHECKPOINT =
            "rmgr: XLOG        len (rec/tot):    114/   114, tx:          0, lsn: 0/03000028, prev"
                    + " 0/02FFFF98, desc: CHECKPOINT_SHUTDOWN redo 0/3000028; tli 1; prev tli 1;"
                    + " fpw true\n";

    private static RecordEnd at(String stdout) {
        return ShutdownRecord.interpret(stdout, Lsn.parse("0/3000028"), SEGMENT, "exit code 1");
    }

    @Test
    void findsTheAlignedEndOfTheLastRecord() {
        assertThat(at(CHECKPOINT)).isEqualTo(new RecordEnd.At(Lsn.parse("0/30000A0")));
    }

    @Test
    void aLogThatGoesOnHasNoShutdownCheckpointAtItsEnd() {
        assertThat(at(CHECKPOINT + CHECKPOINT.replace("03000028", "030000A0")))
                .isInstanceOf(RecordEnd.NotThere.class);
    }

    @Test
    void anotherRecordOrNoneIsNoShutdownCheckpoint() {
        assertThat(at(CHECKPOINT.replace("CHECKPOINT_SHUTDOWN", "CHECKPOINT_ONLINE")))
                .isInstanceOf(RecordEnd.NotThere.class);
        assertThat(at("")).isInstanceOf(RecordEnd.NotThere.class);
    }

    @Test
    void countsThePageHeadersThatARecordCrosses() {
        // 8 bytes before a page's end, 114 bytes long: 106 behind the next page's header
        assertThat(ShutdownRecord.end(new Lsn(2 * 8192 - 8), 114, SEGMENT))
                .isEqualTo(new Lsn(2 * 8192 + 24 + 112));
        assertThat(ShutdownRecord.end(new Lsn(SEGMENT - 8), 114, SEGMENT))
                .as("first page of a segment")
                .isEqualTo(new Lsn(SEGMENT + 40 + 112));
    }
}
