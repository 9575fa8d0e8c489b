// Java's HttpClient: content of unknown length, an offer of HTTP/2 (Upgrade: h2c) with the first request, a WebSocket.
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

public class Client {
    public static void main(String[] args) throws Exception {
        var base = args[0];
        var client = HttpClient.newHttpClient();
        for (int round = 0; round < 3; round += 1) {
            var content = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream("true".getBytes()));
            var put = HttpRequest.newBuilder(URI.create(base + "/properties/led"))
                    .header("Content-Type", "application/json").PUT(content).build();
            check(client.send(put, BodyHandlers.ofString()).statusCode() == 204, "PUT is done");
        }
        var get = HttpRequest.newBuilder(URI.create(base + "/properties/led")).build();
        check(client.send(get, BodyHandlers.ofString()).body().equals("true"), "GET has it");
        var done = new CompletableFuture<Void>();
        var listener = new WebSocket.Listener() {
            public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
                if (text.toString().contains("\"label\":\"ok\"")) done.complete(null);
                socket.request(1);
                return null;
            }
        };
        var socket = client.newWebSocketBuilder().subprotocols("arduino")
                .buildAsync(URI.create(base.replace("http", "ws") + "/ws"), listener).get(10, TimeUnit.SECONDS);
        check(socket.getSubprotocol().equals("arduino"), "the subprotocol is taken");
        socket.sendText("{\"label\":\"led\",\"value\":false,\"id\":1}", true).join();
        done.get(10, TimeUnit.SECONDS);
        socket.sendClose(1000, "").join();
    }

    static void check(boolean right, String what) {
        if (!right) throw new AssertionError(what);
    }
}
