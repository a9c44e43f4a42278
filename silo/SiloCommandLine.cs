using System.Collections.Immutable;
using AgentGrid.Api;
using AgentGrid.Api.Hosting;
using AgentGrid.Silo.Settings;

namespace AgentGrid.Silo;

/// <summary>The options of this program.</summary>
internal static class SiloCommandLine
{
    private const string Section = ApiOptions.Section;

    private const string Help = """
        Agent Grid on Orleans: runs graphs of agents, as one silo or on many machines.

        Usage: AgentGrid.Silo [options]
               AgentGrid.Silo new-key                 prints a fresh API key and its hash
               AgentGrid.Silo hash-key <key>          prints the hash of a key

          --role <silo|api|all>       silo: drives runs and executes attempts; api: serves the client API; all: both
                                      in one process (default all)
          --redis <host:port,...>     the Redis of a cluster, with its options: password=..., ssl=true; without it this
                                      is one silo, alone, that keeps runs in a file
          --data <folder>             without --redis: where runs are kept (default ./data)
          --name <name>               the node's name, unique in the cluster (default the machine's, the role and the
                                      port)
          --queues <a,b>              the queues that it serves (default: all in role all, general in role silo)
          --labels <name=text,...>    by which steps may prefer it, such as zone=eu,gpu=h100 (default none)
          --gpu-memory-mb <n,n>       the memory of its GPUs, one number each (default: what is detected)
          --cluster-id <id>           which cluster, where several share a Redis (default agentgrid)
          --silo-port, --gateway-port <port>
                                      where other silos and clients connect (default the first free ones from 11111
                                      and 30000)
          --advertise <address>       the address under which they find it (default 127.0.0.1 when Redis is on this
                                      machine, else this machine's address on the way to Redis)
          --urls <urls>               where to listen for HTTP, separated by ';' (default http://127.0.0.1:8000; in role
                                      silo none, and with one: /health, /metrics and /dashboard)
          --config <folder>           agents.yaml and plans/ (default ./config, else the one shipped with the program)
          --agents <dll>              a library with your agents; can be given more than once
          --api-key-hash <hash>       asks callers for this key; can be given more than once
          --recover                   drops damaged runs, says which and why, and ends; their data goes into a file
                                      in the current folder, or the damaged file of runs is set aside
          --insecure                  allows other machines to connect without any API key
          --environment <name>        reads appsettings.<name>.json too (default Production)
          --AgentGrid:<Option> <value>, --Logging:..., --Kestrel:...
                                      any option of appsettings.json; times as 72h, 30s or 72:00:00
          --help, --version

        Options come from appsettings.json beside the program, then from the environment (ASPNETCORE_URLS,
        AGENTGRID_REDIS, AGENTGRID_ROLE, AGENTGRID_API_KEY_HASH, ...), then from here.
        """;

    public static readonly CommandLineSyntax Syntax = new()
    {
        Help = Help,
        WithValue = new Dictionary<string, string>
        {
            ["--role"] = $"{Section}:Role",
            ["--redis"] = $"{Section}:Redis",
            ["--data"] = $"{Section}:Data",
            ["--name"] = $"{Section}:Name",
            ["--queues"] = $"{Section}:Queues",
            ["--labels"] = $"{Section}:Labels",
            ["--gpu-memory-mb"] = $"{Section}:GpuMemoryMb",
            ["--cluster-id"] = $"{Section}:ClusterId",
            ["--silo-port"] = $"{Section}:SiloPort",
            ["--gateway-port"] = $"{Section}:GatewayPort",
            ["--advertise"] = $"{Section}:Advertise",
            ["--urls"] = WebHostDefaults.ServerUrlsKey,
            ["--config"] = $"{Section}:Config",
        }.ToImmutableDictionary(),
        Flags = ImmutableDictionary<string, string>.Empty
            .Add("--insecure", $"{Section}:Insecure")
            .Add("--recover", $"{Section}:Recover"),
        Settings = SettingsReader.Known,
    };
}
