using AgentGrid.Api.Hosting;
using AgentGrid.Api.Security;
using AgentGrid.Api.Telemetry;

namespace AgentGrid.Api.Settings;

/// <summary>Looks at everything that a program is told, before anything is made of it.</summary>
/// <param name="Unknown">What is written and does nothing, a sentence each.</param>
/// <param name="InForce">The values that count.</param>
internal sealed record SettingsCheck(IReadOnlyList<string> Unknown, IReadOnlyList<SettingInForce> InForce)
{
    private const int UnderstoodWrongly = 2;

    /// <exception cref="StartupRefusedException">
    /// Something cannot be understood; the message has every mistake.
    /// </exception>
    public static SettingsCheck Pass(
        IConfiguration configuration, EnvironmentSettings environment, ServerComposition composition)
    {
        var reader = new SectionReader(configuration);
        foreach (var problem in environment.Problems)
        {
            reader.Problem(problem);
        }
        var api = new ApiOptions();
        ApiSettings.Read(reader, api);
        ApiOptionsValidation.Problems(api).ForEach(reader.Problem);
        composition.ReadSettings(reader);
        var unknown = UnknownSettings.Check(reader, composition.Syntax.Settings, environment);
        CheckClientKey(reader, environment, api);
        KestrelSettings.Check(reader);
        LoggingSettings.Check(reader);
        OtlpSettings.Check(reader);
        foreach (var problem in ListenAddresses.Of(configuration).Select(ListenAddresses.Problem).OfType<string>())
        {
            reader.Problem(problem);
        }
        return reader.Problems.Count == 0
            ? new SettingsCheck(unknown, reader.InForce)
            : throw new StartupRefusedException(
                string.Join(Environment.NewLine, reader.Problems.Distinct(StringComparer.Ordinal)), UnderstoodWrongly);
    }

    // Who has this variable alone may believe that the server asks for the key.
    private static void CheckClientKey(SectionReader reader, EnvironmentSettings environment, ApiOptions api)
    {
        if (environment.HasClientKey && api.ApiKeys.Count == 0 && reader.Problems.Count == 0)
        {
            reader.Problem(
                $"{EnvironmentSettings.ClientKey} is the key that the command line 'agentgrid' shows; a server is " +
                "told the hash of one, in AGENTGRID_API_KEY_HASH, and this one is told none. Set that ('hash-key <key>' " +
                $"makes it), or start the server without {EnvironmentSettings.ClientKey}.");
        }
    }
}
