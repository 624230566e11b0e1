import java.io.IOException;
import java.nio.file.Path;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/** A Neo4j server over Bolt, for the tests: {@code Server HOME}, set up by {@code HOME/conf/neo4j.conf}. */
public final class Server {
    public static void main(String[] arguments) throws IOException {
        Path home = Path.of(arguments[0]);
        DatabaseManagementService server = new DatabaseManagementServiceBuilder(home)
                .loadPropertiesFromFile(home.resolve("conf").resolve("neo4j.conf"))
                .build();
        // Whoever started this process holds the other end: it ends with them, however they end.
        while (System.in.read() != -1) {}
        server.shutdown();
        System.exit(0);
    }
}
