namespace AgentGrid.Api;

/// <summary>Settings of the client API. Bound from the configuration section <c>AgentGrid</c>.</summary>
public sealed class ApiOptions
{
    /// <summary>The configuration section: shared with the engine's options, the names do not overlap.</summary>
    public const string Section = "AgentGrid";

    /// <summary>The largest request body in bytes; a larger one is answered with 413. Default 4 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>The longest time that <c>?wait=</c> waits; longer values are cut to it. Default 5 min.</summary>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How many requests wait for their run at once; past that, 202 is sent at once, and calls of tools are refused. Default 10,000.</summary>
    public int MaxConcurrentWaits { get; set; } = 10_000;

    /// <summary>
    /// How many event feeds (WebSockets and event streams) are open at once; past that, 503. Default 2,000.
    /// </summary>
    public int MaxWebSocketClients { get; set; } = 2_000;

    /// <summary>A feed whose reader reads nothing for this long is closed with a reason. Default 30 s.</summary>
    public TimeSpan WebSocketSendTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a feed's client has to complete the closing handshake before it is cut off. Default 5 s.</summary>
    public TimeSpan WebSocketCloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often idle feeds give a sign of life: WebSocket pings, event stream comments. Default 15 s.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Who may call. Empty (the default): anybody who can reach the server, which then only listens on this machine.
    /// </summary>
    public List<ApiKeyOptions> ApiKeys { get; set; } = [];

    /// <summary>Allows an address that other machines can reach without any API key. Default false.</summary>
    public bool Insecure { get; set; }

    /// <summary>
    /// Other hosts that are trusted, as <c>host</c> or <c>host:port</c>: their pages may use the API from a browser,
    /// and they are names under which a server without API keys may be reached. Default none.
    /// </summary>
    public List<string> TrustedHosts { get; set; } = [];

    /// <summary>
    /// Signs tickets, which browsers use instead of keys. Processes behind one address need the same
    /// secret, at least 16 characters. Default none: one is made at startup; processes of a cluster make the same one.
    /// </summary>
    public string? TicketSecret { get; set; }

    /// <summary>
    /// Where <see cref="AgentGridTelemetry"/> sends metrics, traces and logs over OTLP: <c>http://localhost:4318</c>, in the
    /// place of the variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>. Default none: what that variable says, else nothing is sent.
    /// </summary>
    public Uri? OtlpEndpoint { get; set; }

    /// <summary>
    /// The address where services post the results of attempts that run in this process: <c>http://10.0.0.7:8000</c>. Default
    /// none: the address at which it listens; where that is every address, the one under which a cluster finds it.
    /// </summary>
    public Uri? CallbackUrl { get; set; }

    /// <summary>How receipts of runs are signed. Default: not.</summary>
    public ReceiptOptions Receipts { get; set; } = new();

    /// <summary>How log lines look on the console. Default <see cref="LogFormat.Simple"/>.</summary>
    public LogFormat LogFormat { get; set; }

    /// <summary>Libraries (paths to .dll files) with agents, in addition to those that ship with Agent Grid. Default none.</summary>
    public List<string> AgentAssemblies { get; set; } = [];
}

/// <summary>How log lines look.</summary>
public enum LogFormat
{
    /// <summary>One line, for people.</summary>
    Simple,

    /// <summary>One JSON object per line, for log shippers.</summary>
    Json,
}

/// <summary>One API key, stored as its hash.</summary>
public sealed class ApiKeyOptions
{
    /// <summary>The name of its owner; the tenant of its runs. Required, and unique.</summary>
    public string Name { get; set; } = "";

    /// <summary><c>sha256:</c> and 64 hexadecimal digits, as <c>hash-key</c> and <c>new-key</c> print it.</summary>
    public string Hash { get; set; } = "";

    /// <summary><c>read</c>, <c>submit</c>. Empty (the default): both.</summary>
    public List<string> Scopes { get; set; } = [];

    /// <summary>Where it was configured; null for keys that come from code.</summary>
    internal string? Place { get; init; }
}
