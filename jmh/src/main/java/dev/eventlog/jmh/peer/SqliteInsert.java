package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** One thread inserts row by row into SQLite, each a transaction: write-ahead log, {@code synchronous=FULL}. */
public final class SqliteInsert implements Workload {

    private final Connection connection;
    private final PreparedStatement insert;
    private final byte[] payload = new byte[Payload.LENGTH];

    /** Makes an empty table. */
    public SqliteInsert(Setting setting) throws SQLException {
        connection =
                DriverManager.getConnection("jdbc:sqlite:" + setting.directory().resolve("events.sqlite"));
        try (Statement statement = connection.createStatement()) {
            statement.execute("pragma journal_mode=wal");
            statement.execute("pragma synchronous=full");
            statement.execute("create table events (position integer primary key, payload blob not null)");
        }
        insert = connection.prepareStatement("insert into events (payload) values (?)");
    }

    @Override
    public void run(int operations) throws SQLException {
        for (int i = 0; i < operations; i++) {
            insert.setBytes(1, payload);
            insert.executeUpdate();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            insert.close();
            connection.close();
        } catch (SQLException failure) {
            throw new IOException("SQLite cannot be closed", failure);
        }
    }
}
