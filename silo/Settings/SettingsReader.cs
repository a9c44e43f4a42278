using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AgentGrid.Api;
using AgentGrid.Api.Settings;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Runs;
using AgentGrid.GrainClient;
using AgentGrid.GrainInterfaces;
using AgentGrid.Grains;
using AgentGrid.RunLog;
using AgentGrid.RunLog.Connections;
using AgentGrid.Silo.Modes;

namespace AgentGrid.Silo.Settings;

/// <summary>Reads what a process of the cluster is told in the section <c>AgentGrid</c>.</summary>
internal sealed class SettingsReader
{
    /// <summary>The settings of the program, those of the client API among them.</summary>
    public static readonly SettingNames Known = SettingNames.Api.With(
        [
            nameof(SiloSettings.Role), nameof(SiloSettings.Redis), nameof(SiloSettings.ClusterId),
            nameof(SiloSettings.Name), nameof(SiloSettings.SiloPort), nameof(SiloSettings.GatewayPort),
            nameof(SiloSettings.Advertise), nameof(SiloSettings.Dashboard), nameof(SiloSettings.Recover),
            nameof(GridClientOptions.FeedBuffer),
            .. new[] { typeof(ClusterEngineOptions), typeof(RunLogOptions) }
                .SelectMany(t => t.GetProperties()).Select(p => p.Name),
            .. SiloModes.OneSilo?.Settings ?? [],
        ],
        access: [nameof(SiloSettings.Dashboard)]);

    private const int UnderstoodWrongly = 2;
    private const int MostNameCharacters = 64;
    private const int MostReplicas = 9;

    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    private readonly SectionReader _reader;

    private SettingsReader(SectionReader reader) => _reader = reader;

    /// <exception cref="StartupRefusedException">
    /// Something cannot be understood; the message has every mistake.
    /// </exception>
    public static SiloSettings Read(IConfiguration configuration)
    {
        var reader = new SectionReader(configuration);
        var settings = Read(reader);
        return reader.Problems.Count == 0
            ? settings
            : throw new StartupRefusedException(string.Join(Environment.NewLine, reader.Problems), UnderstoodWrongly);
    }

    /// <summary>What is understood; of everything else the reader has the problems.</summary>
    public static SiloSettings Read(SectionReader reader) => new SettingsReader(reader).Read();

    private SiloSettings Read()
    {
        var redis = Redis(out var isNamed);
        var mode = isNamed ? SiloModes.Cluster : SiloModes.OneSilo;
        if (mode is null)
        {
            _reader.Problem(
                "No Redis is named, and this program was built without a store of its own: name the Redis of the cluster " +
                "with --redis host:port, or in AGENTGRID_REDIS.");
            mode = SiloModes.Cluster;
        }
        Check(mode);
        var role = Role(isNamed);
        var clusterId = (isNamed ? Id("ClusterId") : null) ?? new GridClientOptions().ClusterId;
        return new SiloSettings
        {
            Mode = mode,
            Role = role,
            Redis = redis,
            ClusterId = clusterId,
            Name = Name(),
            SiloPort = Port("SiloPort"),
            GatewayPort = Port("GatewayPort"),
            Advertise = isNamed ? Advertise() : null,
            Engine = Engine(role),
            RunLog = RunLog(isNamed, clusterId),
            FeedBuffer = _reader.Integer(
                nameof(GridClientOptions.FeedBuffer), new GridClientOptions().FeedBuffer, 1),
            Dashboard = _reader.Flag("Dashboard", otherwise: true),
            Recover = _reader.Flag("Recover", otherwise: false),
        };
    }

    private void Check(ISiloMode mode)
    {
        mode.Check(_reader);
        foreach (var other in new[] { SiloModes.Cluster, SiloModes.OneSilo }.OfType<ISiloMode>().Where(m => m != mode))
        {
            foreach (var name in other.Settings.Where(_reader.IsSet))
            {
                _reader.Problem(name, other.WhyMeaningless);
            }
        }
    }

    private SiloRole Role(bool hasOthers)
    {
        var role = _reader.Text("Role", "all");
        switch (role.ToLowerInvariant())
        {
            case "all":
                return SiloRole.All;
            case "silo" or "api" when !hasOthers:
                _reader.Problem(
                    "Role",
                    $" is '{role}', and one silo without Redis does everything: leave it out, or name the Redis of the " +
                    "cluster with --redis.");
                return SiloRole.All;
            case "silo":
                return SiloRole.Silo;
            case "api":
                return SiloRole.Api;
            default:
                _reader.Problem("Role", $" is '{Names.Shorten(role)}'; there are 'silo', 'api' and 'all'.");
                return SiloRole.All;
        }
    }

    /// <param name="isNamed">Somebody has named one, whether or not it can be understood.</param>
    private string? Redis(out bool isNamed)
    {
        isNamed = _reader.IsSet("Redis");
        // Where it cannot be understood, nobody knows what of it is a password.
        var redis = _reader.Text(
            "Redis", show: r => RedisConnection.Problem(r) is null ? RedisConnection.AddressOf(r) : "");
        if (redis is not null && RedisConnection.Problem(redis) is { } problem)
        {
            _reader.Problem("Redis", $": {problem}");
            return null;
        }
        return redis;
    }

    private string? Id(string key)
    {
        var id = _reader.Text(key);
        if (id is not null && !ClusterNames.IsClusterName(id))
        {
            _reader.Problem(key, $" is '{Names.Shorten(id)}': expected 1 to 64 letters, digits, '-', '_' or '.'.");
        }
        return id;
    }

    private string? Name()
    {
        var name = _reader.Text("Name");
        if (name is not null && (name.Length > MostNameCharacters || name.Any(c => c is '|' || char.IsControl(c))))
        {
            _reader.Problem(
                "Name",
                $" is '{Names.Shorten(name)}': expected 1 to {MostNameCharacters} characters, and no '|' among them.");
        }
        return name;
    }

    private int? Port(string key) => _reader.Integer(key, null, 1, 65_535);

    private IPAddress? Advertise()
    {
        if (_reader.Text("Advertise") is not { } text)
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
            _reader.Problem(
                "Advertise",
                $" is '{Names.Shorten(text)}', which is neither an address nor a name that can be resolved ({e.Message}).");
            return null;
        }
    }

    private ClusterEngineOptions Engine(SiloRole role)
    {
        var engine = new ClusterEngineOptions
        {
            Queues = Queues() ?? (role == SiloRole.Silo ? ["general"] : null),
            Labels = Labels(),
            GpuMemoryMb = GpuMemory(),
        };
        engine.Config = _reader.Text(nameof(engine.Config), engine.Config);
        engine.AccountGpuMemory = _reader.Flag(nameof(engine.AccountGpuMemory), engine.AccountGpuMemory);
        engine.MaxActiveRuns = _reader.Integer(nameof(engine.MaxActiveRuns), engine.MaxActiveRuns, 1);
        engine.MaxQueuedRuns = _reader.Integer(nameof(engine.MaxQueuedRuns), engine.MaxQueuedRuns, 0);
        engine.MaxOutputBytes = _reader.Integer(nameof(engine.MaxOutputBytes), engine.MaxOutputBytes, 1);
        engine.MaxItems = _reader.Integer(nameof(engine.MaxItems), engine.MaxItems, 1);
        engine.MaxStepOutputBytes = _reader.Integer(nameof(engine.MaxStepOutputBytes), engine.MaxStepOutputBytes, 1);
        engine.MaxLosses = _reader.Integer(nameof(engine.MaxLosses), engine.MaxLosses, Isolation.MostInCompany);
        engine.DrainTimeout = _reader.Duration(nameof(engine.DrainTimeout), engine.DrainTimeout, TimeSpan.Zero, s_day);
        engine.CancelGrace = _reader.Duration(nameof(engine.CancelGrace), engine.CancelGrace, TimeSpan.Zero, s_day);
        return engine;
    }

    private ImmutableArray<string>? Queues()
    {
        const string key = nameof(ClusterEngineOptions.Queues);
        var queues = _reader.Commas(key);
        if (queues is { Count: 0 })
        {
            _reader.Problem(key, " names no queue; expected names of queues, separated by commas: 'general,gpu'.");
        }
        return queues is null ? null : [.. queues.Distinct(StringComparer.Ordinal)];
    }

    private Core.Labels? Labels()
    {
        const string key = nameof(ClusterEngineOptions.Labels);
        var labels = new List<KeyValuePair<string, string>>();
        foreach (var text in _reader.Commas(key) ?? [])
        {
            if (Core.Labels.Parse(text, '=', out var problem) is { } label)
            {
                labels.Add(label);
                continue;
            }
            _reader.Problem(key, $": {problem}");
        }
        var all = Core.Labels.Of(labels, out var refusal);
        if (refusal is not null)
        {
            _reader.Problem(key, $": {refusal}");
        }
        return all;
    }

    private ImmutableArray<long>? GpuMemory()
    {
        const string key = nameof(ClusterEngineOptions.GpuMemoryMb);
        if (_reader.Commas(key) is not { } list)
        {
            return null;
        }
        var sizes = ImmutableArray.CreateBuilder<long>();
        foreach (var text in list)
        {
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mb)
                && mb is >= 1 and <= 1 << 24)
            {
                sizes.Add(mb);
                continue;
            }
            _reader.Problem(
                key,
                $" has '{Names.Shorten(text)}'; expected the memory of each GPU in MiB, separated by commas: " +
                "'24000' or '24000,24000'.");
        }
        return sizes.ToImmutable();
    }

    private RunLogOptions RunLog(bool isInRedis, string clusterId)
    {
        var log = new RunLogOptions { KeyPrefix = clusterId };
        log.Retention = _reader.Duration(nameof(log.Retention), log.Retention, s_shortest, DurationText.Max);
        if (!isInRedis)
        {
            return log;
        }
        log.KeyPrefix = Id(nameof(log.KeyPrefix)) ?? clusterId;
        var channel = _reader.Text(nameof(log.Channel), log.Channel, mayBeEmpty: true);
        log.Channel = string.IsNullOrEmpty(channel) ? null : channel;
        log.Replicas = _reader.Integer(nameof(log.Replicas), log.Replicas, 0, MostReplicas);
        return log;
    }
}
