namespace AgentGrid.Core;

/// <summary>
/// Where the text of a large value lies: with the artifacts of its run, and not in the journal, which has this in its place.
/// </summary>
/// <param name="Sha256">The SHA-256 of the text, in 64 lower-case hexadecimal digits.</param>
/// <param name="Bytes">How many bytes it has.</param>
/// <param name="MayRefer">It may have references to artifacts in it, and has to be read to know them.</param>
public sealed record StoredValue(string Sha256, int Bytes, bool MayRefer = false);
