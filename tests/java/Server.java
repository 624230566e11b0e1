import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * A Neo4j server over Bolt, for the tests: {@code Server HOME}, set up by {@code HOME/conf/neo4j.conf}.
 *
 * <p>Each line that it is told changes a setting that may change while it runs, and is said back.
 */
public final class Server {
    public static void main(String[] arguments) throws IOException {
        Path home = Path.of(arguments[0]);
        DatabaseManagementService server = new DatabaseManagementServiceBuilder(home)
                .loadPropertiesFromFile(home.resolve("conf").resolve("neo4j.conf"))
                .build();
        BufferedReader told = new BufferedReader(new InputStreamReader(System.in));
        // Whoever started this process holds the other end: it ends with them, however they end.
        for (String line = told.readLine(); line != null; line = told.readLine()) {
            change((GraphDatabaseAPI) server.database("neo4j"), line);
            System.out.println(line);
        }
        server.shutdown();
        System.exit(0);
    }

    private static void change(GraphDatabaseAPI database, String line) {
        Config config = database.getDependencyResolver().resolveDependency(Config.class);
        if (line.startsWith("read only=")) {
            boolean isReadOnly = Boolean.parseBoolean(line.substring(line.indexOf('=') + 1));
            config.setDynamic(GraphDatabaseSettings.read_only_database_default, isReadOnly, "Server");
        } else {
            long bytes = Long.parseLong(line.substring(line.indexOf('=') + 1));
            config.setDynamic(GraphDatabaseSettings.memory_transaction_max_size, bytes, "Server");
        }
    }
}
