using AgentGrid.Core.Agents;
using Microsoft.Data.Sqlite;

namespace MyAgents;

/// <summary>Takes a caption through a package that has a native library.</summary>
[Agent("stored_caption", Capabilities = ["storing"])]
public sealed class StoredCaption : Agent<StoredCaption.Input, StoredCaption.Stored>
{
    public override async ValueTask<Stored> InvokeAsync(
        Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection("Data Source=:memory:");
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT upper($caption)";
        command.Parameters.AddWithValue("$caption", input.Caption);
        return new Stored((string)(await command.ExecuteScalarAsync(cancellationToken))!, typeof(SqliteConnection).Assembly.Location);
    }

    public sealed record Input(string Caption);

    /// <param name="Package">The file that the package was loaded from.</param>
    public sealed record Stored(string Text, string Package);
}
