namespace AgentGrid.Api.Settings;

/// <summary>
/// Reads <see cref="ApiOptions"/>. What a program has put there before stays, where nothing is written.
/// </summary>
internal static class ApiSettings
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    public static void Read(SectionReader reader, ApiOptions options)
    {
        options.ApiKeys.AddRange(AccessSettings.ReadKeys(reader));
        options.Insecure = reader.Flag(nameof(options.Insecure), options.Insecure);
        options.TrustedHosts.AddRange(AccessSettings.ReadHosts(reader));
        options.MaxBodyBytes = reader.Integer(
            nameof(options.MaxBodyBytes), options.MaxBodyBytes, ApiOptionsValidation.LeastBody);
        options.MaxWait = reader.Duration(nameof(options.MaxWait), options.MaxWait, s_shortest, s_day);
        options.MaxConcurrentWaits = reader.Integer(nameof(options.MaxConcurrentWaits), options.MaxConcurrentWaits, 0);
        options.MaxWebSocketClients = reader.Integer(
            nameof(options.MaxWebSocketClients), options.MaxWebSocketClients, 0);
        options.WebSocketSendTimeout = reader.Duration(
            nameof(options.WebSocketSendTimeout), options.WebSocketSendTimeout, s_shortest, s_day);
        options.WebSocketCloseTimeout = reader.Duration(
            nameof(options.WebSocketCloseTimeout), options.WebSocketCloseTimeout, s_shortest, s_day);
        options.KeepAlive = reader.Duration(nameof(options.KeepAlive), options.KeepAlive, s_shortest, s_day);
        options.TicketSecret = reader.Text(nameof(options.TicketSecret), options.TicketSecret, show: _ => "set");
        options.CallbackUrl = reader.Address(nameof(options.CallbackUrl), options.CallbackUrl);
        options.OtlpEndpoint = reader.Address(nameof(options.OtlpEndpoint), options.OtlpEndpoint);
        reader.CheckMembers(nameof(options.Receipts), [nameof(ReceiptOptions.Key)]);
        options.Receipts.Key = reader.Text($"{nameof(options.Receipts)}:{nameof(ReceiptOptions.Key)}", options.Receipts.Key);
        options.LogFormat = reader.Word(nameof(options.LogFormat), options.LogFormat);
        options.AgentAssemblies.AddRange(reader.List(nameof(options.AgentAssemblies)));
    }

    /// <summary>The same in a program that looks at nothing else in the section.</summary>
    public static void ReadAlone(SectionReader reader, ApiOptions options)
    {
        Read(reader, options);
        UnknownSettings.RefuseAccess(reader, SettingNames.Api);
    }
}
