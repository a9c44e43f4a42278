namespace AgentGrid.Api.Settings;

/// <summary>A value as it counts, without anything secret.</summary>
/// <param name="Place">Where it was written; null for a default.</param>
internal readonly record struct SettingInForce(string Name, string Value, string? Place);
