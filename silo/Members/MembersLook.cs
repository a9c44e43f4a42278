namespace AgentGrid.Silo.Members;

/// <summary>What a look at the table of members has found.</summary>
internal abstract record MembersLook
{
    private MembersLook()
    {
    }

    public static MembersLook Well { get; } = new Kept();

    /// <summary>This silo is in it.</summary>
    public sealed record Kept : MembersLook;

    /// <summary>This silo has never been in it: it has not joined yet, or the table was lost right then.</summary>
    public sealed record Unseen : MembersLook;

    /// <summary>It was lost, and has been written again.</summary>
    /// <param name="Rows">How many rows were missing or too old, of how many.</param>
    /// <param name="IsGone">Nothing at all was there.</param>
    public sealed record Mended(int Rows, int Of, bool IsGone) : MembersLook;

    /// <summary>The others have gone on, and know nothing of this silo any more.</summary>
    public sealed record Out : MembersLook;
}
