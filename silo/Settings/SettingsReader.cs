using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AgentGrid.ClientApi;
using AgentGrid.Core;
using AgentGrid.GrainClient;
using AgentGrid.GrainClient.Connections;
using AgentGrid.Grains;
using AgentGrid.RunLog;

namespace AgentGrid.Silo.Settings;

/// <summary>Reads the settings of the section <c>AgentGrid</c>, and reports every mistake at once.</summary>
internal sealed class SettingsReader
{
    private const int UnderstoodWrongly = 2;
    private const int MostNameCharacters = 64;

    // Lists are written with commas; what binds options by itself knows them only as arrays.
    private static readonly string[] Lists = [nameof(ClusterEngineOptions.Queues), nameof(ClusterEngineOptions.GpuMemoryMb)];

    private readonly IConfigurationSection _section;
    private readonly List<string> _problems = [];

    private SettingsReader(IConfiguration configuration) => _section = configuration.GetSection(ApiOptions.Section);

    /// <exception cref="StartupRefusedException">Something cannot be understood.</exception>
    public static SiloSettings Read(IConfiguration configuration)
    {
        var reader = new SettingsReader(configuration);
        var settings = reader.Read();
        return reader._problems.Count == 0
            ? settings
            : throw new StartupRefusedException(string.Join(Environment.NewLine, reader._problems), UnderstoodWrongly);
    }

    private SiloSettings Read()
    {
        var role = Role();
        var clusterId = Id("ClusterId", "--cluster-id") ?? new GridClientOptions().ClusterId;
        return new SiloSettings
        {
            Role = role,
            Redis = Redis(),
            ClusterId = clusterId,
            Name = Name(),
            SiloPort = Port("SiloPort", "--silo-port"),
            GatewayPort = Port("GatewayPort", "--gateway-port"),
            Advertise = Advertise(),
            Engine = Engine(role),
            RunLog = RunLog(Id("KeyPrefix", "--AgentGrid:KeyPrefix") ?? clusterId),
            FeedBuffer = FeedBuffer(),
            Dashboard = Flag("Dashboard", otherwise: true),
            Recover = Flag("Recover", otherwise: false),
        };
    }

    private SiloRole Role()
    {
        switch (_section["Role"]?.ToLowerInvariant())
        {
            case null or "all":
                return SiloRole.All;
            case "silo":
                return SiloRole.Silo;
            case "api":
                return SiloRole.Api;
            default:
                _problems.Add($"--role is '{Names.Shorten(_section["Role"]!)}'; there are 'silo', 'api' and 'all'.");
                return SiloRole.All;
        }
    }

    private string Redis()
    {
        var redis = _section["Redis"] ?? new GridClientOptions().Redis;
        if (RedisConnection.Problem(redis) is { } problem)
        {
            _problems.Add($"--redis: {problem}");
            return new GridClientOptions().Redis;
        }
        return redis;
    }

    private string? Id(string key, string option)
    {
        var id = _section[key];
        if (id is not null && !GridClientOptionsValidation.IsName(id))
        {
            _problems.Add(
                $"{option} is '{Names.Shorten(id)}': expected 1 to 64 letters, digits, '-', '_' or '.'.");
        }
        return id;
    }

    private string? Name()
    {
        var name = _section["Name"];
        if (name is not null && (name.Length is 0 or > MostNameCharacters || name.Any(c => c is '|' || char.IsControl(c))))
        {
            _problems.Add(
                $"--name is '{Names.Shorten(name)}': expected 1 to {MostNameCharacters} characters, and no '|' among them.");
        }
        return name;
    }

    private int? Port(string key, string option)
    {
        if (_section[key] is not { } text)
        {
            return null;
        }
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65_535)
        {
            return port;
        }
        _problems.Add($"{option} is '{Names.Shorten(text)}'; expected a number from 1 to 65535.");
        return null;
    }

    private IPAddress? Advertise()
    {
        if (_section["Advertise"] is not { } text)
        {
            return null;
        }
        if (IPAddress.TryParse(text, out var address))
        {
            return address;
        }
        try
        {
            var addresses = Dns.GetHostAddresses(text);
            return Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
        }
        catch (Exception e) when (e is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            _problems.Add(
                $"--advertise is '{Names.Shorten(text)}', which is no address, and no name that can be found ({e.Message}).");
            return null;
        }
    }

    private ClusterEngineOptions Engine(SiloRole role)
    {
        var engine = Bind(new ClusterEngineOptions());
        engine.Queues = Queues() ?? (role == SiloRole.Silo ? ["general"] : null);
        engine.GpuMemoryMb = GpuMemory();
        Least(nameof(engine.MaxActiveRuns), engine.MaxActiveRuns, 1);
        Least(nameof(engine.MaxQueuedRuns), engine.MaxQueuedRuns, 0);
        Least(nameof(engine.MaxOutputBytes), engine.MaxOutputBytes, 1);
        NotNegative(nameof(engine.DrainTimeout), engine.DrainTimeout);
        NotNegative(nameof(engine.CancelGrace), engine.CancelGrace);
        return engine;
    }

    private ImmutableArray<string>? Queues()
    {
        var queues = List(nameof(ClusterEngineOptions.Queues));
        if (queues is { Count: 0 })
        {
            _problems.Add("--queues names none; expected names of queues, separated by commas: 'general,gpu'.");
        }
        return queues is null ? null : [.. queues.Distinct(StringComparer.Ordinal)];
    }

    private ImmutableArray<long>? GpuMemory()
    {
        if (List(nameof(ClusterEngineOptions.GpuMemoryMb)) is not { } list)
        {
            return null;
        }
        var sizes = ImmutableArray.CreateBuilder<long>();
        foreach (var text in list)
        {
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mb) && mb is >= 1 and <= 1 << 24)
            {
                sizes.Add(mb);
                continue;
            }
            _problems.Add(
                $"--gpu-memory-mb has '{Names.Shorten(text)}'; expected the memory of each GPU in MiB, separated by commas: " +
                "'24000' or '24000,24000'.");
        }
        return sizes.ToImmutable();
    }

    private RunLogOptions RunLog(string prefix)
    {
        var log = Bind(new RunLogOptions());
        log.KeyPrefix = prefix;
        if (log.Retention <= TimeSpan.Zero)
        {
            _problems.Add($"AgentGrid:Retention is '{log.Retention}'; it must be longer than zero.");
        }
        if (string.IsNullOrWhiteSpace(log.Channel))
        {
            log.Channel = null;
        }
        return log;
    }

    private int FeedBuffer()
    {
        var size = Bind(new GridClientOptions()).FeedBuffer;
        Least(nameof(GridClientOptions.FeedBuffer), size, 1);
        return size;
    }

    private bool Flag(string key, bool otherwise)
    {
        if (_section[key] is not { } text)
        {
            return otherwise;
        }
        if (!bool.TryParse(text, out var flag))
        {
            _problems.Add($"AgentGrid:{key} is '{Names.Shorten(text)}'; expected 'true' or 'false'.");
        }
        return flag;
    }

    private T Bind<T>(T options)
        where T : class
    {
        var scalars = new ConfigurationBuilder().AddInMemoryCollection(_section.GetChildren()
            .Where(c => !Lists.Contains(c.Key, StringComparer.OrdinalIgnoreCase))
            .Select(c => KeyValuePair.Create(c.Key, c.Value))).Build();
        try
        {
            scalars.Bind(options);
        }
        catch (InvalidOperationException e)
        {
            _problems.Add(
                $"AgentGrid: {e.InnerException?.Message ?? e.Message} ({e.Message}) Numbers are written as 1000, times as " +
                "hh:mm:ss.");
        }
        return options;
    }

    // Written as 'a,b', or as an array in appsettings.json.
    private List<string>? List(string key)
    {
        var section = _section.GetSection(key);
        var written = section.Value is { } text
            ? text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            : section.GetChildren().Select(c => c.Value).OfType<string>().ToArray();
        return section.Exists() ? [.. written] : null;
    }

    private void Least(string name, int value, int least)
    {
        if (value < least)
        {
            _problems.Add($"AgentGrid:{name} is {value}; it must be at least {least}.");
        }
    }

    private void NotNegative(string name, TimeSpan value)
    {
        if (value < TimeSpan.Zero || value > TimeSpan.FromDays(1))
        {
            _problems.Add($"AgentGrid:{name} is '{value}'; expected zero to a day, written as hh:mm:ss.");
        }
    }
}
