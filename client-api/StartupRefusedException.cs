namespace AgentGrid.ClientApi;

/// <summary>The server must not start as it is configured; the message says why, and what to do.</summary>
public sealed class StartupRefusedException(string message) : Exception(message);
